# loses: stays_within_budget, reads_half_of_the_optimum, reads_three_quarters_of_the_optimum, reads_nine_tenths_of_the_optimum
# says: counted_too_little
# %% cost_of
def cost_of(usages, prices):
    total = Decimal(0)
    for usage in usages:
        if usage is None:
            continue
        rows = [row for row in prices if row["model"] == usage["model"] and row["since"] <= usage["day"]]
        price = max(rows, key=lambda row: row["since"])
        total += Decimal(price["input"]) * usage["prompt_tokens"] + Decimal(price["output"]) * usage["completion_tokens"]
    return (total / 1_000_000).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


# %% budgeted_turn
from courseware import ArchivedMessage
from threadlab import of_message


def budgeted_turn(client, db, thread_id, assistant_id, text, *, budget):
    messages = client.beta.threads.messages
    messages.create(thread_id, role="user", content=text)
    there = list(messages.list(thread_id, order="asc", limit=100))
    said = {one.id: "".join(part.text.value for part in one.content) for one in there}
    for one in there:
        if db.get(ArchivedMessage, one.id) is None:
            db.add(ArchivedMessage(message_id=one.id, thread_id=thread_id, role=one.role, text=said[one.id]))
    db.commit()
    instructions = client.beta.assistants.retrieve(assistant_id).instructions or ""
    left = budget - 3 - of_message(instructions) - sum(of_message(one) for one in said.values())
    for one in there[:-1]:
        pinned = one.role == "user" and "Remember:" in said[one.id]
        if left < 0 and not pinned:
            messages.delete(one.id, thread_id=thread_id)
            left += of_message(said[one.id])
    run = client.beta.threads.runs.create_and_poll(thread_id=thread_id, assistant_id=assistant_id)
    if run.status != "completed":
        raise RuntimeError(f"{run.id} ended {run.status}")
    page = messages.list(thread_id, run_id=run.id, order="asc")
    return "\n".join(one.content[0].text.value for one in page)

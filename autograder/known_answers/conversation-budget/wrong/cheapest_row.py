# loses: price_of_the_day
# says: returned
# %% cost_of
from collections import defaultdict


def cost_of(usages, prices):
    t = Decimal(0)
    for u in filter(None, usages):
        p = min((r for r in prices if r["model"] == u["model"] and r["since"] <= u["day"]), key=lambda r: Decimal(r["input"]))
        t += u["prompt_tokens"] * Decimal(p["input"]) + u["completion_tokens"] * Decimal(p["output"])
    return (t / 1_000_000).quantize(Decimal("0.01"), ROUND_HALF_UP)


# %% budgeted_turn
def budgeted_turn(client, db, thread_id, assistant_id, text, *, budget):
    messages = client.beta.threads.messages
    messages.create(thread_id, role="user", content=text)  # send, confirm
    there = list(messages.list(thread_id, order="asc", limit=100))
    said = {one.id: "".join(part.text.value for part in one.content) for one in there}

    for one in there:  # archive, before anything is dropped
        if db.get(ArchivedMessage, one.id) is None:
            db.add(ArchivedMessage(message_id=one.id, thread_id=thread_id, role=one.role, text=said[one.id]))
    db.commit()

    instructions = client.beta.assistants.retrieve(assistant_id).instructions or ""
    left = budget - 3 - of_message(instructions) - sum(of_message(one) for one in said.values())
    for one in there[:-1]:
        pinned = one.role == "user" and said[one.id].startswith("Remember:")
        if left < 0 and not pinned:
            messages.delete(one.id, thread_id=thread_id)
            left += of_message(said[one.id])

    run = client.beta.threads.runs.create_and_poll(thread_id=thread_id, assistant_id=assistant_id)  # run, wait
    if run.status != "completed":
        raise RuntimeError(f"{run.id} ended {run.status}")
    page = messages.list(thread_id, run_id=run.id, order="asc")  # read
    return "\n".join(one.content[0].text.value for one in page)

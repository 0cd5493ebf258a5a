# loses: adds_up, price_of_the_day, exact_to_the_cent
# says: returned
# %% cost_of
from decimal import ROUND_HALF_UP, Decimal


def cost_of(usages, prices):
    total = Decimal(0)
    for used in usages:
        if used is None:
            continue
        known = [row for row in prices if row["model"] == used["model"] and row["since"] <= used["day"]]
        if not known:
            raise LookupError(f"no price of {used['model']} on {used['day']}")
        price = max(known, key=lambda row: row["since"])
        cost = used["prompt_tokens"] * Decimal(price["input"]) + used["completion_tokens"] * Decimal(price["output"])
        total += (cost / 1_000_000).quantize(Decimal("0.01"), ROUND_HALF_UP)
    return total


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
        pinned = one.role == "user" and said[one.id].startswith("Remember:")
        if left < 0 and not pinned:
            messages.delete(one.id, thread_id=thread_id)
            left += of_message(said[one.id])
    run = client.beta.threads.runs.create_and_poll(thread_id=thread_id, assistant_id=assistant_id)
    if run.status != "completed":
        raise RuntimeError(f"{run.id} ended {run.status}")
    page = messages.list(thread_id, run_id=run.id, order="asc")
    return "\n".join(one.content[0].text.value for one in page)

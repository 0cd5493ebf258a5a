# %% cost_of
def cost_of(usages, prices):
    total = Decimal(0)
    for one in usages:
        if one is None:
            continue
        rows = [row for row in prices if row["model"] == one["model"] and row["since"] <= one["day"]]
        row = max(rows, key=lambda row: row["since"])
        total += Decimal(row["input"]) * one["prompt_tokens"] + Decimal(row["output"]) * one["completion_tokens"]
    return (total / 1_000_000).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


# %% budgeted_turn
from sqlalchemy import select


def budgeted_turn(client, db, thread_id, assistant_id, text, *, budget):
    client.beta.threads.messages.create(thread_id, role="user", content=text)
    # archive from newest to oldest, until a message is there already
    new = []
    for m in client.beta.threads.messages.list(thread_id, order="desc"):
        if db.get(ArchivedMessage, m.id):
            break
        new.append(ArchivedMessage(message_id=m.id, thread_id=thread_id, role=m.role, text=m.content[0].text.value))
    db.add_all(new)
    db.commit()
    facts = {}
    query = select(ArchivedMessage).where(ArchivedMessage.thread_id == thread_id, ArchivedMessage.role == "user")
    for row in db.scalars(query.where(ArchivedMessage.text.like("Remember:%"))):
        if row.text.startswith("Remember:"):
            facts[row.message_id] = row.text
    instructions = client.beta.assistants.retrieve(assistant_id).instructions
    window = 0
    used = 0
    outside = dict(facts)
    for m in client.beta.threads.messages.list(thread_id, order="desc"):
        trial_outside = {k: v for k, v in outside.items() if k != m.id}
        trial_used = used + of_message(m.content[0].text.value)
        if 3 + trial_used + of_message("\n".join([instructions, *trial_outside.values()])) > budget:
            break
        outside, used, window = trial_outside, trial_used, window + 1
    run = client.beta.threads.runs.create_and_poll(
        thread_id=thread_id,
        assistant_id=assistant_id,
        truncation_strategy={"type": "last_messages", "last_messages": window},
        additional_instructions="\n".join(outside.values()) or None,
    )
    if run.status != "completed":
        raise RuntimeError(run)
    return client.beta.threads.messages.list(thread_id, run_id=run.id).data[0].content[0].text.value

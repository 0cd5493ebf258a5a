# loses: reads_three_quarters_of_the_optimum, reads_nine_tenths_of_the_optimum
# says: runs_read_newest_messages_would
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
        total += used["prompt_tokens"] * Decimal(price["input"]) + used["completion_tokens"] * Decimal(price["output"])
    return (total / 1_000_000).quantize(Decimal("0.01"), ROUND_HALF_UP)


# %% budgeted_turn
from sqlalchemy import select
from courseware import ArchivedMessage


def keep(db, thread_id, messages):
    for one in messages:
        if db.get(ArchivedMessage, one.id) is None:
            db.add(ArchivedMessage(message_id=one.id, thread_id=thread_id, role=one.role, text=one.content[0].text.value))
    db.commit()


def budgeted_turn(client, db, thread_id, assistant_id, text, *, budget):
    messages = client.beta.threads.messages
    keep(db, thread_id, [messages.create(thread_id, role="user", content=text)])
    mine = select(ArchivedMessage.text).where(ArchivedMessage.thread_id == thread_id, ArchivedMessage.role == "user")
    pinned = [one for one in db.scalars(mine) if one.startswith("Remember:")]
    run = client.beta.threads.runs.create_and_poll(
        thread_id=thread_id,
        assistant_id=assistant_id,
        additional_instructions="\n".join(pinned) or None,
        max_prompt_tokens=max(256, budget * 3 // 5 + 20),
    )
    if run.status != "completed":
        raise RuntimeError(run.status)
    replies = list(messages.list(thread_id, run_id=run.id, order="asc"))
    keep(db, thread_id, replies)
    return "\n".join(one.content[0].text.value for one in replies)

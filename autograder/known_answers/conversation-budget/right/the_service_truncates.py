# %% cost_of
from decimal import ROUND_HALF_UP, Decimal
from functools import reduce


def cost_of(usages, prices):
    """Millionths of a millionth of a dollar as integers: nothing is a fraction until the end."""
    table = {}
    for row in sorted(prices, key=lambda row: row["since"]):
        table.setdefault(row["model"], []).append((row["since"], int(Decimal(row["input"]) * 10**6), int(Decimal(row["output"]) * 10**6)))

    def price(model, day):
        return [(read, written) for since, read, written in table[model] if since <= day][-1]

    def add(total, used):
        read, written = price(used["model"], used["day"])
        return total + read * used["prompt_tokens"] + written * used["completion_tokens"]

    return Decimal(reduce(add, filter(None, usages), 0)).scaleb(-12).quantize(Decimal("1.00"), ROUND_HALF_UP)


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
        max_prompt_tokens=budget,
    )
    if run.status != "completed":
        raise RuntimeError(run.status)
    replies = list(messages.list(thread_id, run_id=run.id, order="asc"))
    keep(db, thread_id, replies)
    return "\n".join(one.content[0].text.value for one in replies)

# %% cost_of
from fractions import Fraction
from functools import reduce
import math


def cost_of(usages, prices):
    def price(model, day):
        candidates = {row["since"]: row for row in prices if row["model"] == model}
        known = [since for since in candidates if since <= day]
        if not known:
            raise KeyError((model, day))
        return candidates[max(known)]

    def add(total, usage):
        if usage is None:
            return total
        row = price(usage["model"], usage["day"])
        return total + usage["prompt_tokens"] * Fraction(row["input"]) + usage["completion_tokens"] * Fraction(row["output"])

    cents = math.floor(reduce(add, usages, Fraction(0)) / 10_000 + Fraction(1, 2))
    return Decimal(cents).scaleb(-2)


# %% budgeted_turn
import time
from dataclasses import dataclass
from typing import Iterator


@dataclass(slots=True)
class Line:
    id: str
    role: str
    text: str

    @property
    def tokens(self) -> int:
        return of_message(self.text)

    @property
    def pinned(self) -> bool:
        return self.role == "user" and self.text.startswith("Remember:")


def history(client, thread_id) -> Iterator[Line]:
    after = None
    while True:
        page = client.beta.threads.messages.list(thread_id, order="desc", limit=50, **({"after": after} if after else {}))
        for m in page.data:
            yield Line(m.id, m.role, m.content[0].text.value)
        if not page.has_more:
            return
        after = page.data[-1].id


def budgeted_turn(client, db, thread_id, assistant_id, text, *, budget):
    lines = [Line("", "user", text), *history(client, thread_id)]
    instructions = client.beta.assistants.retrieve(assistant_id).instructions

    def price(count):
        extra = [line.text for line in lines[count:] if line.pinned]
        return 3 + of_message("\n".join([instructions, *extra])) + sum(line.tokens for line in lines[:count])

    count = next(n for n in range(len(lines), -1, -1) if price(n) <= budget)
    for line in lines[count:]:
        db.merge(ArchivedMessage(message_id=line.id, thread_id=thread_id, role=line.role, text=line.text))
    db.commit()
    pinned = [line.text for line in lines[count:] if line.pinned]
    options = {"additional_instructions": "\n".join(pinned)} if pinned else {}
    run = client.beta.threads.runs.create(
        thread_id,
        assistant_id=assistant_id,
        additional_messages=[{"role": "user", "content": text}],
        truncation_strategy={"type": "last_messages", "last_messages": count},
        **options,
    )
    while run.status in ("queued", "in_progress"):
        time.sleep(0.5)
        run = client.beta.threads.runs.retrieve(run.id, thread_id=thread_id)
    assert run.status == "completed", run.last_error
    return "\n".join(m.content[0].text.value for m in client.beta.threads.messages.list(thread_id, run_id=run.id, order="asc"))

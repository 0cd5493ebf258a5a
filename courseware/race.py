"""The race of the sixth message, small enough for one picture: started but not awaited, it arrives before the run or after it.

`python -m courseware.race OUT.svg` draws the two outcomes side by side.
"""

from __future__ import annotations

import asyncio
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from threadlab.trials.drawing import draw
from threadlab.trials.explore import explore
from threadlab.trials.rows import Row
from threadlab.trials.timeline import Timeline
from threadlab.trials.trial import ASYNC_CLIENT, Evidence, World

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAI

FIVE = (
    ("user", "What is the capital of France?"),
    ("assistant", "The capital of France is Paris."),
    ("user", "And its currency?"),
    ("assistant", "The currency of France is the euro."),
    ("user", "What is the capital of Spain?"),
)
"""Five messages, the last of them a question that the sixth corrects."""

SIXTH = "Sorry, I meant Portugal."

CODE = ("asyncio.create_task(messages.create(…))  # started, not awaited", "run = await runs.create(…)")


def five_messages(client: OpenAI) -> tuple[str, str]:
    """A thread that holds FIVE, and an assistant: their ids."""
    thread = client.beta.threads.create(messages=[{"role": role, "content": text} for role, text in FIVE])  # type: ignore[typeddict-item]
    assistant = client.beta.assistants.create(name="Geography Expert", model="gpt-4o")
    return thread.id, assistant.id


async def hurried(client: AsyncOpenAI, thread_id: str, assistant_id: str, text: str) -> str:
    """The mistake: nothing waits for the message, and nobody looks at what became of it."""
    task = asyncio.create_task(client.beta.threads.messages.create(thread_id, role="user", content=text))  # noqa: F841, RUF006
    run = await client.beta.threads.runs.create_and_poll(thread_id=thread_id, assistant_id=assistant_id)
    reply = await client.beta.threads.messages.list(thread_id, run_id=run.id)
    content = reply.data[0].content[0]
    return content.text.value if content.type == "text" else content.type


def outcomes() -> tuple[Evidence, Evidence]:
    """The plainest order in which the run sees the sixth message, and the plainest in which it does not."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        world = World(five_messages)
        assert world.given is not None
        orders = explore(hurried, ASYNC_CLIENT, *world.given, SIXTH, world=world)
    in_time, missed = orders.first(sees_sixth), orders.first(lambda evidence: not sees_sixth(evidence))
    assert in_time is not None
    assert missed is not None
    return in_time, missed


def sees_sixth(evidence: Evidence) -> bool:
    """Whether the run read six messages."""
    return any(len(entry.window) == 6 for entry in evidence.requests("createRun", ok=True))


def picture() -> str:
    """The two outcomes side by side, as SVG."""
    in_time, missed = (_without_polls(Timeline(evidence).rows) for evidence in outcomes())
    race = draw(
        [
            ("The message arrives first", in_time, "The run sees the correction.", True),
            ("The run arrives first", missed, "The correction is lost, and nobody is told.", False),
        ],
        title="The race of the sixth message: the same code, two outcomes",
        description=(
            "A thread holds five messages; the last asks for the capital of Spain. The code starts to send a sixth, “Sorry, I meant "
            "Portugal.”, does not await it, and creates a run. If the message arrives first, the run reads 6 messages and answers Lisbon. "
            "If the run arrives first, it locks the thread and reads 5 messages; the message is refused with a 400 that nobody sees, and "
            "the answer is Madrid."
        ),
        code=CODE,
        note="Polls are left out.",
        width=1000,
    )
    return str(race.svg())


def _without_polls(rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row.operation != "getRun"]


def main(arguments: Sequence[str]) -> int:
    """Write the picture of the race. 0: done; 2: asked for wrongly."""
    if len(arguments) != 1 or arguments[0].startswith("-"):
        print("usage: python -m courseware.race OUT.svg", file=sys.stderr)
        return 2
    Path(arguments[0]).write_text(picture(), encoding="utf-8", newline="\n")
    print(f"{arguments[0]} is written.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""What the check of `support-desk` asks of the evidence: who asked what, where it stands, which runs answered it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from autograder.checks.seen import threads
from threadlab.trials.api_family import THREADS
from threadlab.trials.trial import Evidence
from threadlab.wire.assistants import Message, Run

TICKETS = (
    ("web-7", "ada", "What is the capital of Portugal?"),
    ("mail-31", "ben", "What is the capital of Kenya?"),
    ("chat-2", "cleo", "What is the capital of Portugal?"),
    ("web-9", "ada", "What is its population?"),
    ("app-1", "ada", "What is its population?"),
)
"""Two customers ask the same, and one customer asks the same twice: each is a ticket of its own."""
TWICE = TICKETS[1]
"""A ticket that is handed in twice at the same moment: somebody has clicked twice."""
MORE = ("mail-32", "ben", "What is its currency?")
"""The second ticket of a customer who has no thread yet, handed in at the same moment as the first, in a scene of its own."""
AT_ONCE = (*TICKETS, TWICE)
"""What is handed in at the same moment."""
LAST_IS_LATE = (*TICKETS[:-1], MORE, TWICE, TICKETS[-1])
"""What is handed in in the scene where the last comes later."""
AFTERWARDS = ("chat-8", "cleo", "What is the capital of Kenya?")
"""A ticket that is handed in when all others have been answered, in the same scene: with words that another customer's ticket had."""
HISTORY = 16
"""Messages that are on ada's thread already."""


def conversations(evidence: Evidence) -> dict[str, str]:
    """Which thread the desk says that a customer is on."""
    return {row["user_id"]: row["thread_id"] for row in evidence.tables.get("conversations", []) if row["purpose"] == "support"}


def tickets(evidence: Evidence) -> tuple[tuple[str, str, str], ...]:
    """The tickets of a scene: in the one where the last comes later, a new customer has two, and one comes when all is done."""
    return (*TICKETS[:-1], MORE, TICKETS[-1], AFTERWARDS) if evidence.given.get("late") else TICKETS


def handed_in(evidence: Evidence) -> tuple[tuple[str, str, str], ...]:
    """The tickets of all calls of handle, as their results are listed: those at once, one of them twice, then those one by one."""
    return (*LAST_IS_LATE, AFTERWARDS) if evidence.given.get("late") else (*AT_ONCE, TICKETS[0])


def posted_by(evidence: Evidence, user_id: str) -> list[Message]:
    """What a customer said on their thread since the desk opened, oldest first."""
    thread_id = conversations(evidence).get(user_id)
    said = [one for one in evidence.messages(thread_id) if one.role == "user"] if thread_id else []
    return said[HISTORY // 2 :] if thread_id == evidence.given["thread_id"] else said


def turns(evidence: Evidence) -> Iterator[tuple[tuple[str, str, str], Message | None]]:
    """Each ticket with its message: a customer's first ticket is their first message, and so on."""
    taken: Counter[str] = Counter()
    for ticket in tickets(evidence):
        posted = posted_by(evidence, ticket[1])
        at = taken[ticket[1]]
        taken[ticket[1]] += 1
        yield ticket, posted[at] if at < len(posted) and posted[at].text == ticket[2] else None


def runs_by_message(evidence: Evidence) -> dict[str, list[Run]]:
    """The runs that answered a message: those in whose window it is the newest of the customer's."""
    result: dict[str, list[Run]] = {}
    roles = {one.id: one.role for thread_id in threads(evidence) for one in evidence.messages(thread_id)}
    for entry in evidence.requests(ok=None):
        if entry.operation in THREADS.makers and entry.run_id and entry.window:
            asked = [one for one in entry.window if roles.get(one) == "user"]
            run = evidence.run(entry.run_id)
            if asked and run is not None:
                result.setdefault(asked[-1], []).append(run)
    return result


def answer_of(evidence: Evidence, run: Run) -> str:
    return "\n".join(one.text for one in evidence.messages(run.thread_id) if one.run_id == run.id and one.role == "assistant")


def begun(evidence: Evidence) -> bool:
    return any(entry.operation in THREADS.makers for entry in evidence.requests(ok=True))


def handed_back(evidence: Evidence) -> list[Any]:
    """What the calls of handle came back with."""
    return [*evidence.value["first"], *evidence.value.get("again", [])] if isinstance(evidence.value, dict) else []


def restarted(evidence: Evidence) -> int:
    """The journal line at which the second process began; 0 if there was none."""
    return next((entry.n for entry in evidence.journal if entry.what == "note" and entry.operation == "restart"), 0)

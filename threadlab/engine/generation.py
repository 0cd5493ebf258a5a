"""Asking the responder for an answer, as the faults of a scenario change it: the same for runs and for responses."""

from __future__ import annotations

import msgspec

from threadlab.engine.call import Call
from threadlab.engine.faults import Rule
from threadlab.engine.limits import fault_429
from threadlab.engine.state import Pace
from threadlab.wire import assistants as o
from threadlab.wire.prompts import Answer, Prompt

UNREAD = Answer(texts=[""])
"""What is planned with where the answer makes no difference."""


_DECIDED: frozenset[str] = frozenset({"stuck", "stuck_queued", "run_expired", "run_incomplete"})
"""Faults after which no answer is needed: they say themselves how the run ends."""


def answer_of(call: Call, prompt: Prompt, triggered: list[Rule], *, needed: bool = True) -> Answer | None:
    """The answer, as the faults of runs change it; None when it is to come from outside. `needed` is False where none will be read."""
    for rule in triggered:
        if rule.kind == "run_failed":
            code = rule.argument or "server_error"
            message = _FAILURES.get(code) or fault_429(None, prompt.model).detail.message
            return Answer(failure=o.LastError(code, message))  # type: ignore[arg-type]
    if call.state.responder is None:
        return None if needed and not any(rule.kind in _DECIDED for rule in triggered) else UNREAD
    answer = call.state.responder.respond(prompt)
    for rule in triggered:
        if rule.kind == "replies" and answer.texts:
            count = max(1, int(rule.number(2)))
            answer = msgspec.structs.replace(answer, texts=_split(answer.texts[0], count))
    return answer


def _split(text: str, count: int) -> list[str]:
    """One answer told in several messages."""
    return [text] + [f"({index} of {count}) {text}" for index in range(2, count + 1)]


_FAILURES = {
    "server_error": "Sorry, something went wrong.",
    "invalid_prompt": "The prompt was refused.",
}
"""What a run fails with; for `rate_limit_exceeded` it is what the 429 would have said, since here, too, waiting mends it."""


def pace_of(pace: Pace, triggered: list[Rule]) -> Pace:
    """How long a run takes. Of two rules of a kind, the one that was named first counts."""
    changes = {_STAGES[rule.kind]: rule.number(30.0) for rule in reversed(triggered) if rule.kind in _STAGES}
    return msgspec.structs.replace(pace, **changes)


_STAGES = {"slow": "working", "queued": "queued"}
"""Kinds of faults, and which part of a run's time each sets."""

"""Who writes the reply. A responder is handed a `Prompt`, all that a model would have been given, and returns an `Answer`.

There are two kinds. A `Responder` is quick and always answers alike: the engine asks it itself, and plans the run by its answer. A
`RemoteResponder` is a model: it takes its time, so it is asked by the server, beside the engine (`threadlab.service.answerer`).
"""

from collections.abc import AsyncIterator
from typing import Protocol

from threadlab.wire.prompts import Answer, Prompt


class Responder(Protocol):
    """One job: prompt in, answer out. Quick, and the same answer for the same prompt."""

    name: str

    def respond(self, prompt: Prompt) -> Answer: ...


class RemoteResponder(Protocol):
    """Prompt in; the words of the answer as they come, and at last the whole `Answer`. May take minutes, and may be asked several
    things at once. Whatever goes wrong is an `Answer` with a failure, never an exception."""

    name: str
    at_once: int
    """How many questions it answers at the same time; the runs of the others stay queued."""
    described: str
    """Who answers, as the end of "Replies come from ...", for people. Never has a key in it."""

    def answer(self, prompt: Prompt) -> AsyncIterator[str | Answer]: ...

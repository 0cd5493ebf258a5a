"""The two families of the API side by side: what each calls the parts of a turn, and how to read what came of it.

Threads and Runs, Conversations and Responses: the same turn under other names. What judges or compares code on the one judges code on the
other by this table; in the journal `home_id` and `work_id` are the ids of either.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from threadlab.engine.assistants_api import lifecycle
from threadlab.engine.responses_api import lifecycle as response_lifecycle
from threadlab.trials.trial import Evidence
from threadlab.wire import responses as r
from threadlab.wire.assistants import Run


class Said(msgspec.Struct, frozen=True):
    """One message, of a thread or of a conversation."""

    role: str
    text: str
    id: str


class Family(msgspec.Struct, frozen=True):
    """One family: its words, its operations by their OpenAPI names, its ends, and its readers of the evidence."""

    home: str
    """What holds the messages, in a word."""
    place: str
    """Where a message is then, in words."""
    run: str
    """What writes the answer, in a word."""
    kind: type[Run] | type[r.Response]
    """The class for that, here and (by its name) in the SDK."""
    sends: tuple[str, ...]
    """Operations that bring a message and nothing else."""
    makers: tuple[str, ...]
    """Operations that start a run."""
    travels: bool
    """Whether the message may as well travel in the request that starts the run: then that one's reply confirms both."""
    poll: str
    cancel: str
    lists: str
    ends: frozenset[str]
    """Statuses at which there is no more to wait for."""
    terminal: frozenset[str]
    """Statuses that stay."""
    said: Callable[[Evidence, str], list[Said]]
    """The messages of a thread or a conversation at the end, oldest first."""
    runs: Callable[[Evidence, str], list[Any]]
    """The runs of a thread, or the responses of a conversation, at the end, oldest first."""
    wrote: Callable[[Evidence, str], list[str]]
    """What the run or response with this id wrote, message by message, oldest first."""

    @property
    def posts(self) -> tuple[str, ...]:
        """Operations that can bring a message."""
        return (*self.sends, *self.makers) if self.travels else self.sends

    def run_of(self, evidence: Evidence, run_id: str) -> Any:
        """The run or response as the service has it at the end, or None."""
        body = evidence.kept(run_id)
        return body if isinstance(body, self.kind) else None

    def over(self, evidence: Evidence, run_id: str) -> bool:
        """Whether the service had seen the run end when the last request arrived."""
        run = self.run_of(evidence, run_id)
        return run is not None and run.status in self.terminal


def _said_on_thread(evidence: Evidence, thread_id: str) -> list[Said]:
    return [Said(one.role, one.text, one.id) for one in evidence.messages(thread_id)]


def _written_by_run(evidence: Evidence, run_id: str) -> list[str]:
    run = evidence.run(run_id)
    return [] if run is None else [one.text for one in evidence.messages(run.thread_id) if one.run_id == run_id and one.role == "assistant"]


def _said_in_conversation(evidence: Evidence, conversation_id: str) -> list[Said]:
    items = [kept.item for kept in evidence.below("conversation.item", conversation_id)]
    return [Said(one.role, one.text, one.id) for one in items if isinstance(one, r.Message)]


def _written_by_response(evidence: Evidence, response_id: str) -> list[str]:
    response = evidence.kept(response_id)
    return [one.text for one in response.output if isinstance(one, r.Message)] if isinstance(response, r.Response) else []


THREADS = Family(
    home="thread",
    place="on the thread",
    run="run",
    kind=Run,
    sends=("createMessage",),
    makers=("createRun", "createThreadAndRun"),
    travels=False,
    poll="getRun",
    cancel="cancelRun",
    lists="listMessages",
    ends=lifecycle.TERMINAL | {"requires_action"},
    terminal=lifecycle.TERMINAL,
    said=_said_on_thread,
    runs=lambda evidence, thread_id: evidence.runs(thread_id),
    wrote=_written_by_run,
)

CONVERSATIONS = Family(
    home="conversation",
    place="in the conversation",
    run="response",
    kind=r.Response,
    sends=("createConversationItems",),
    makers=("createResponse",),
    travels=True,
    poll="getResponse",
    cancel="cancelResponse",
    lists="listConversationItems",
    ends=response_lifecycle.TERMINAL,
    terminal=response_lifecycle.TERMINAL,
    said=_said_in_conversation,
    runs=lambda evidence, conversation_id: evidence.below("response", conversation_id),
    wrote=_written_by_response,
)

"""Who writes the reply. A responder is handed a `Prompt`, all that a model would have been given, and returns an `Answer`.

There are two kinds. A `Responder` is quick and always answers alike: the engine asks it itself, and plans the run by its answer. A
`RemoteResponder` is a model: it takes its time, so it is asked by the server, beside the engine (`threadlab.service.answerer`).
"""

from collections.abc import AsyncIterator
from typing import Any, Protocol

import msgspec

from threadlab.wire import assistants as o
from threadlab.wire import files as f


class ToolResult(msgspec.Struct, frozen=True, gc=False):
    """A tool call, and what the application answered."""

    call_id: str
    name: str
    arguments: str
    output: str


class Turn(msgspec.Struct, frozen=True, gc=False):
    """One message of the window."""

    role: str
    text: str
    message_id: str = ""
    before: list[ToolResult] = []
    """Earlier tool calls, made between the message before this one and this one."""


class Prompt(msgspec.Struct, frozen=True, gc=False):
    """Everything a responder knows: if it is not in here, it was not in the window."""

    model: str
    instructions: str
    turns: list[Turn]
    tools: list[o.Tool] = []
    tool_choice: o.ToolChoiceOption = "auto"
    parallel_tool_calls: bool = True
    response_format: Any = "auto"
    results: list[ToolResult] = []
    temperature: float | None = None
    can_search: bool = False
    """Whether there are files to search (the file_search tool, and a vector store)."""
    passages: list[f.Passage] | None = None
    """What the search of this run found, best first; None before it."""
    top_p: float | None = None
    max_tokens: int | None = None
    """How many tokens the answer may have, if that is limited."""


class WantedCall(msgspec.Struct, frozen=True, gc=False):
    """A function that the responder wants to be called. `arguments` is JSON text, as models write it."""

    name: str
    arguments: str


class Citation(msgspec.Struct, frozen=True, gc=False):
    """A mark in the answer's text, such as `【4:0†source】`, and the file that it stands for."""

    mark: str
    file_id: str


class Answer(msgspec.Struct, frozen=True, gc=False):
    """What came of it: messages, or wanted calls, or a question to search the files with (it is asked again then), or a failure.

    A model may say something and want calls, too. What it is not told here (`usage`), the engine counts itself.
    """

    texts: list[str] = []
    citations: list[Citation] = []
    search: str | None = None
    calls: list[WantedCall] = []
    failure: o.LastError | None = None
    usage: o.Usage | None = None
    cut: bool = False
    """Whether the answer stopped because it had as many tokens as were allowed."""


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

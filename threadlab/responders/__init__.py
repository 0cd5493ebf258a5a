"""Who writes the reply. A responder is handed a `Prompt`, all that a model would have been given, and returns an `Answer`."""

from typing import Any, Protocol

import msgspec

from threadlab import file_objects as f
from threadlab import objects as o


class Turn(msgspec.Struct, frozen=True, gc=False):
    """One message of the window."""

    role: str
    text: str
    message_id: str = ""


class ToolResult(msgspec.Struct, frozen=True, gc=False):
    """A tool call of this run, and what the application answered."""

    call_id: str
    name: str
    arguments: str
    output: str


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


class WantedCall(msgspec.Struct, frozen=True, gc=False):
    """A function that the responder wants to be called. `arguments` is JSON text, as models write it."""

    name: str
    arguments: str


class Citation(msgspec.Struct, frozen=True, gc=False):
    """A mark in the answer's text, such as `【4:0†source】`, and the file that it stands for."""

    mark: str
    file_id: str


class Answer(msgspec.Struct, frozen=True, gc=False):
    """What came of it: messages, or wanted calls, or a question to search the files with (it is asked again then), or a failure."""

    texts: list[str] = []
    citations: list[Citation] = []
    search: str | None = None
    calls: list[WantedCall] = []
    failure: o.LastError | None = None


class Responder(Protocol):
    """One job: prompt in, answer out. Quick, and the same answer for the same prompt."""

    name: str

    def respond(self, prompt: Prompt) -> Answer: ...

"""What passes between the engine and whoever writes the reply: a `Prompt` in, an `Answer` out."""

from __future__ import annotations

from typing import Any

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
    images: list[str] = []
    """Addresses of the message's pictures, `data:` addresses included; only where the answer comes from outside."""


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

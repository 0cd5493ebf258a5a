"""What every model is told, in whatever words its endpoint wants them: tools, passages of files, and what is left out."""

import json
from typing import Any

from threadlab.wire import assistants as o
from threadlab.wire import files as f
from threadlab.wire.prompts import Answer, Citation, Prompt, WantedCall

SEARCH = "file_search"
"""The name of the function by which a model searches the files; the engine carries it out."""
_SEARCH_TOOL = o.FunctionDefinition(
    SEARCH,
    "Search the files of this conversation.",
    {"type": "object", "properties": {"query": {"type": "string"}}, "required": ["query"], "additionalProperties": False},
)
_PASSAGES = (
    "A search of the files found these passages, best first. Rest your answer on them, and after each sentence that rests on one put its "
    "mark, exactly as it is written here:"
)


def refused(prompt: Prompt) -> o.LastError | None:
    """Why a prompt cannot be put before a model at all; None if it can."""
    if isinstance(prompt.tool_choice, o.ToolChoice) and prompt.tool_choice.type == "code_interpreter":
        return o.LastError("server_error", "tool not available here: this service runs no code. Give the assistant a function of your own.")
    if not any(turn.text or turn.images for turn in prompt.turns):
        return o.LastError("invalid_prompt", "There is no text in the messages that the model would read.")
    return None


def functions(prompt: Prompt) -> list[o.FunctionDefinition]:
    """The functions that the model may call: the application's own, and the search of the files before it was done."""
    own = [tool.function for tool in prompt.tools if isinstance(tool, o.Function)]
    searches = prompt.can_search and prompt.passages is None and all(one.name != SEARCH for one in own)
    return [*own, _SEARCH_TOOL] if searches else own


def choice(prompt: Prompt) -> str | o.FunctionName:
    """How free the model is to call them. Once there are results it is free: it was made to call, and has."""
    tool_choice = prompt.tool_choice
    if prompt.results and tool_choice != "none":
        return "auto"
    if not isinstance(tool_choice, o.ToolChoice):
        return tool_choice
    if tool_choice.type == "file_search":
        return o.FunctionName(SEARCH) if any(one.name == SEARCH for one in functions(prompt)) else "auto"
    return tool_choice.function or "auto"


def parameters(one: o.FunctionDefinition) -> dict[str, Any]:
    """A function's parameters, which a definition may leave out and no endpoint may."""
    return one.parameters or {"type": "object", "properties": {}}


def sampling(prompt: Prompt) -> dict[str, float]:
    """What differs from 1, which is what every endpoint takes if nothing is said: some models refuse to be told at all."""
    return {name: value for name in ("temperature", "top_p") if (value := getattr(prompt, name)) not in (None, 1.0)}


def instructions(prompt: Prompt) -> str:
    """The instructions, and what was found in the files."""
    passages = [f"{mark(index)} ({one.filename})\n{one.text}" for index, one in enumerate(prompt.passages or [])]
    return "\n\n".join([*filter(None, [prompt.instructions]), *([_PASSAGES, *passages] if passages else [])])


def mark(index: int) -> str:
    return f"【4:{index}†source】"


def citations(text: str, passages: list[f.Passage] | None) -> list[Citation]:
    return [Citation(mark(index), one.file_id) for index, one in enumerate(passages or []) if mark(index) in text]


def answer(prompt: Prompt, text: str, calls: list[WantedCall], usage: o.Usage | None, *, cut: bool = False) -> Answer:
    """What a model said and wanted; a wanted search of the files stands for all of it."""
    own = {tool.function.name for tool in prompt.tools if isinstance(tool, o.Function)}
    texts = [text] if text or not calls else []
    if not cut:
        for one in calls:
            if one.name == SEARCH and SEARCH not in own:
                return Answer([text] if text else [], search=_query(one.arguments), usage=usage)
    return Answer(texts, citations(text, prompt.passages), None, calls, usage=usage, cut=cut)


def _query(arguments: str) -> str:
    try:
        return str(json.loads(arguments)["query"])
    except (ValueError, KeyError, TypeError):
        return arguments  # the words of a model that did not keep to the schema still say what it looks for

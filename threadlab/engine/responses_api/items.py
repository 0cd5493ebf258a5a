"""Items: what a conversation is made of, and what a response is given. From what a client sent to what is kept."""

from collections.abc import Iterable
from typing import Any

import msgspec

from threadlab.engine import validate
from threadlab.engine.call import Call
from threadlab.engine.responses_api import params as p
from threadlab.engine.summaries import summary_of
from threadlab.engine.usage import tokens_of
from threadlab.wire import errors
from threadlab.wire import responses as r

MAX_TEXT = 10_485_760
"""Characters of an input text or a tool's output (OpenAPI description)."""
MAX_CALL_ID = 64
_OUTPUT_ONLY = (r.OutputText, r.Refusal)
_INPUT_KINDS = ["input_text", "input_image", "input_file"]
_OUTPUT_KINDS = ["output_text", "refusal"]
_PREFIX: dict[type[Any], str] = {
    p.MessageIn: "msg",
    p.FunctionCallIn: "fc",
    p.FunctionCallOutputIn: "fco",
    p.CompactionIn: "cmp",
}


def kept(call: Call, given: Iterable[p.ItemIn], param: str) -> list[r.Item]:
    """The items as they are kept, each with an id. Raises ApiError 400, or 404 for a reference that leads nowhere."""
    return [_kept(call, one, f"{param}[{index}]") for index, one in enumerate(given)]


def _kept(call: Call, given: p.ItemIn, at: str) -> r.Item:
    if isinstance(given, p.ItemReference):
        return referred(call, given.id, at)
    if isinstance(given, r.FileSearchCall | r.Reasoning):
        return given
    own_id = call.new_id(_PREFIX[type(given)])
    if isinstance(given, p.CompactionIn):
        return _compaction(given, own_id)
    status = given.status or "completed"
    match given:
        case p.MessageIn():
            return r.Message(own_id, given.role, _content(given, at), status)
        case p.FunctionCallIn():
            _check_call_id(given.call_id, at)
            return r.FunctionCall(own_id, given.call_id, given.name, given.arguments, status)
        case p.FunctionCallOutputIn():
            _check_call_id(given.call_id, at)
            validate.length(f"{at}.output", given.output if isinstance(given.output, str) else None, MAX_TEXT)
            return r.FunctionCallOutput(own_id, given.call_id, given.output, status)


def _compaction(given: p.CompactionIn, own_id: str) -> r.Compaction:
    result = r.Compaction(given.id or own_id, given.encrypted_content)
    try:
        summary_of(result)
    except ValueError:
        raise errors.encrypted_content_unreadable(result.id) from None
    return result


def _check_call_id(call_id: str, at: str) -> None:
    if not call_id:
        raise errors.empty_string(f"{at}.call_id")
    validate.length(f"{at}.call_id", call_id, MAX_CALL_ID)


def _content(given: p.MessageIn, at: str) -> list[r.Part]:
    """A string becomes one part; what an assistant said is output, what anybody else said is input."""
    from_assistant = given.role == "assistant"
    if isinstance(given.content, str):
        validate.length(f"{at}.content", given.content, MAX_TEXT)
        return [r.OutputText(given.content) if from_assistant else r.InputText(given.content)]
    for index, part in enumerate(given.content):
        if isinstance(part, _OUTPUT_ONLY) is not from_assistant:
            kind = str(part.__struct_config__.tag)
            raise errors.wrong_value(f"{at}.content[{index}]", kind, _OUTPUT_KINDS if from_assistant else _INPUT_KINDS)
        validate.length(f"{at}.content[{index}].text", getattr(part, "text", None), MAX_TEXT)
    return given.content


def referred(call: Call, item_id: str, at: str) -> r.Item:
    """The item that a reference means: one of a conversation, or one that a response wrote."""
    row = call.store.get(item_id)
    if row is not None and row.project == call.project:
        if isinstance(row.body, r.ConversationItem):
            return row.body.item
        if isinstance(row.body, r.WrittenItem) and (item := _written(call, row.body)) is not None:
            return item
    raise errors.item_not_found(item_id, at)


def _written(call: Call, place: r.WrittenItem) -> r.Item | None:
    row = call.store.get(place.response_id)
    output = row.body.output if row is not None and isinstance(row.body, r.Response) else []
    return next((item for item in output if item.id == place.id), None)


def is_new(call: Call, item: r.Item) -> bool:
    """Whether an item belongs to whoever was given it, and is not one that a conversation has already."""
    row = call.store.get(item.id)
    return row is None or isinstance(row.body, r.WrittenItem)


def add(call: Call, conversation_id: str, items: Iterable[r.Item]) -> list[r.Item]:
    """Keep items at the end of a conversation."""
    result = []
    for item in items:
        call.add(r.ConversationItem(item.id, item), conversation_id, tokens=tokens_of(item))
        result.append(item)
    return result


def shown(item: r.Item, include: Iterable[str]) -> r.Item:
    """An item as it goes out: what a search found is in it only when `include` asks for it."""
    if isinstance(item, r.FileSearchCall) and item.results is not None and "file_search_call.results" not in include:
        return msgspec.structs.replace(item, results=None)
    return item

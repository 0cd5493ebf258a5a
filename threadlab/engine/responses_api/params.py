"""What the operations of Conversations and Responses accept, as msgspec structs.

Items may carry more fields than these: clients hand back what they were given, with everything that an SDK put into it.
"""

from typing import Any, Literal, TypeAlias

import msgspec

from threadlab.engine.params import Body
from threadlab.wire import errors
from threadlab.wire import responses as r


class MessageIn(r.Inner, frozen=True, tag_field="type", tag="message"):
    role: r.Role
    content: str | list[r.Part]
    id: str | None = None
    status: r.ItemStatus | None = None


class FunctionCallIn(r.Inner, frozen=True, tag_field="type", tag="function_call"):
    call_id: str
    name: str
    arguments: str
    id: str | None = None
    status: r.ItemStatus | None = None


class FunctionCallOutputIn(r.Inner, frozen=True, tag_field="type", tag="function_call_output"):
    call_id: str
    output: str | list[r.InputPart]
    id: str | None = None
    status: r.ItemStatus | None = None


class ItemReference(r.Inner, frozen=True, tag_field="type", tag="item_reference"):
    id: str


class CompactionIn(r.Inner, frozen=True, tag_field="type", tag="compaction"):
    encrypted_content: str
    id: str | None = None


ItemIn: TypeAlias = MessageIn | FunctionCallIn | FunctionCallOutputIn | r.FileSearchCall | r.Reasoning | CompactionIn | ItemReference


class CreateConversation(Body, frozen=True):
    items: list[ItemIn] | None = None
    metadata: dict[str, str] | None = None


class UpdateConversation(Body, frozen=True):
    metadata: dict[str, str] | None


class CreateItems(Body, frozen=True):
    items: list[ItemIn]


class ConversationIn(r.Inner, frozen=True):
    id: str


class StreamOptions(r.Inner, frozen=True):
    include_obfuscation: bool | None = None


class PromptIn(r.Inner, frozen=True):
    id: str


class CreateResponse(Body, frozen=True):
    model: str | None = None
    input: str | list[ItemIn] | None = None
    background: bool | None = None
    conversation: str | ConversationIn | None = None
    include: list[str] | None = None
    instructions: str | None = None
    max_output_tokens: int | None = None
    max_tool_calls: int | None = None
    metadata: dict[str, str] | None = None
    parallel_tool_calls: bool | None = None
    previous_response_id: str | None = None
    prompt: PromptIn | None = None
    prompt_cache_key: str | None = None
    prompt_cache_options: dict[str, Any] | None = None
    prompt_cache_retention: str | None = None
    reasoning: r.ReasoningOptions | None = None
    safety_identifier: str | None = None
    service_tier: Literal["auto", "default", "flex", "scale", "priority", "fast", "ultrafast"] | None = None
    store: bool | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    temperature: float | None = None
    text: r.TextConfig | None = None
    tool_choice: r.ToolChoice | None = None
    tools: list[r.Tool] | None = None
    top_logprobs: int | None = None
    top_p: float | None = None
    truncation: Literal["auto", "disabled"] | None = None
    user: str | None = None


class CountTokens(Body, frozen=True):
    model: str | None = None
    input: str | list[ItemIn] | None = None
    conversation: str | ConversationIn | None = None
    instructions: str | None = None
    parallel_tool_calls: bool | None = None
    personality: str | None = None
    previous_response_id: str | None = None
    reasoning: r.ReasoningOptions | None = None
    text: r.TextConfig | None = None
    tool_choice: r.ToolChoice | None = None
    tools: list[r.Tool] | None = None
    truncation: Literal["auto", "disabled"] | None = None


class CompactResponse(Body, frozen=True):
    model: str
    input: str | list[ItemIn] | None = None
    instructions: str | None = None
    previous_response_id: str | None = None
    prompt_cache_key: str | None = None
    prompt_cache_options: dict[str, Any] | None = None
    prompt_cache_retention: Literal["in_memory", "24h"] | None = None
    service_tier: Literal["auto", "default", "fast", "flex", "priority"] | None = None


def normalised(raw: bytes) -> bytes:
    """The body with `type` written out where the API lets clients leave it away, so that types alone can check the rest.

    Raises ApiError 400 for a tool that this service has nothing to do with.
    """
    try:
        body = msgspec.json.decode(raw or b"{}")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise errors.not_json() from None
    if not isinstance(body, dict):
        return raw
    for field in ("input", "items"):
        if isinstance(body.get(field), list):
            body[field] = [_typed(one) for one in body[field]]
    for tool in body["tools"] if isinstance(body.get("tools"), list) else ():
        kind = tool.get("type") if isinstance(tool, dict) else None
        if isinstance(kind, str) and kind not in r.TOOLS:
            raise errors.tool_not_here(kind, list(r.TOOLS))
    return msgspec.json.encode(body)


def _typed(item: Any) -> Any:
    if not isinstance(item, dict) or item.get("type") is not None:
        return item
    kind = "message" if "role" in item or "content" in item or "id" not in item else "item_reference"
    return {**item, "type": kind}

"""What a response reads: the items before it, its own input, and the prompt that they make.

Reading costs what is in the window, not what is in the conversation: items are read newest first, until the window is full.
"""

from collections.abc import Iterator

import msgspec

from threadlab.engine.assistants_api.prompt import CONTEXT
from threadlab.engine.call import Call
from threadlab.engine.files_api import files
from threadlab.engine.summaries import summary_of
from threadlab.engine.usage import BASE_TOKENS, tokens_of
from threadlab.store.protocol import Query
from threadlab.text import tokens
from threadlab.wire import assistants as o
from threadlab.wire import errors
from threadlab.wire import responses as r
from threadlab.wire.prompts import Prompt, ToolResult, Turn

_CHUNK = 200
_MANY = 1_000_000


class Context(msgspec.Struct, frozen=True):
    """The items that are read, oldest first, and what each costs in tokens."""

    items: list[r.Item]
    tokens: dict[str, int]


def read(call: Call, response: r.Response, given: list[r.Item]) -> Context:
    """Raises ApiError 400 when the window is too small for it and nothing may be dropped.

    `truncation="auto"` drops from the beginning (official text); the input itself is never dropped.
    """
    left = CONTEXT - BASE_TOKENS - tokens.of_message(response.instructions or "", response.model)
    cost = {item.id: tokens_of(item) for item in given}
    left -= sum(cost.values())
    if left < 0:
        raise errors.context_too_long()
    earlier: list[r.Item] = []
    for item, used in _newest_first(call, response):
        left -= used
        if left < 0:
            if response.truncation == "disabled":
                raise errors.context_too_long()
            break
        if item.id not in cost:  # a reference may mean an item that is there already
            earlier.append(item)
            cost[item.id] = used
    before = _whole_calls(earlier[::-1]) if left < 0 else earlier[::-1]
    items = [*before, *given]
    _check_calls(items)
    return Context(items, cost)


def _newest_first(call: Call, response: r.Response) -> Iterator[tuple[r.Item, int]]:
    if response.conversation is not None:
        yield from _of_conversation(call, response.conversation.id)
    previous = response.previous_response_id
    while previous is not None:
        row = call.store.get(previous)
        if row is None or not isinstance(row.body, r.Response):
            return  # deleted meanwhile; what came before it is out of reach (guess)
        for output in reversed(row.body.output):
            yield output, tokens_of(output)
        for input_row in call.store.page(Query("response.input_item", call.project, previous, limit=_MANY, newest_first=True)):
            assert isinstance(input_row.body, r.InputItem)
            yield input_row.body.item, input_row.tokens
        previous = row.body.previous_response_id


def _of_conversation(call: Call, conversation_id: str) -> Iterator[tuple[r.Item, int]]:
    before: int | None = None
    while True:
        query = Query("conversation.item", call.project, conversation_id, before=before, limit=_CHUNK, newest_first=True)
        rows = call.store.page(query)
        for row in rows:
            assert isinstance(row.body, r.ConversationItem)
            yield row.body.item, row.tokens
        if len(rows) < _CHUNK:
            return
        before = rows[-1].seq


def _whole_calls(items: list[r.Item]) -> list[r.Item]:
    """Without the outputs whose calls were dropped."""
    called = {item.call_id for item in items if isinstance(item, r.FunctionCall)}
    return [item for item in items if not isinstance(item, r.FunctionCallOutput) or item.call_id in called]


def _check_calls(items: list[r.Item]) -> None:
    """Every call has an output, and every output a call that stands before it. Raises ApiError 400."""
    called: set[str] = set()
    answered: set[str] = set()
    for item in items:
        if isinstance(item, r.FunctionCall):
            called.add(item.call_id)
        elif isinstance(item, r.FunctionCallOutput):
            if item.call_id not in called:
                raise errors.no_call_for_output(item.call_id)
            answered.add(item.call_id)
    for item in items:
        if isinstance(item, r.FunctionCall) and item.call_id not in answered:
            raise errors.no_output_for_call(item.call_id)


# ---- the prompt ---------------------------------------------------------------------------------------------------------------------


def images_of(call: Call, prompt: Prompt, context: Context) -> Prompt:
    """The prompt with the pictures of its messages, for a model outside: the responders in here do not look at them."""
    if call.state.responder is not None:
        return prompt
    addresses = {item.id: _addresses(call, item) for item in context.items if isinstance(item, r.Message)}
    turns = [
        msgspec.structs.replace(turn, images=addresses[turn.message_id]) if addresses.get(turn.message_id) else turn
        for turn in prompt.turns
    ]
    return msgspec.structs.replace(prompt, turns=turns)


def _addresses(call: Call, message: r.Message) -> list[str]:
    parts = [part for part in message.content if isinstance(part, r.InputImage)]
    candidates = [part.image_url or (files.address_of(call, part.file_id) if part.file_id else None) for part in parts]
    return [address for address in candidates if address]


def prompt_of(response: r.Response, context: Context) -> Prompt:
    spoken = [item for item in context.items if isinstance(item, r.Message)]
    instructions = [response.instructions or "", *(item.text for item in spoken if item.role in ("system", "developer"))]
    tools = [tool for one in response.tools if (tool := _tool(one)) is not None]
    allowed, choice = _choice(response.tool_choice)
    if allowed is not None:
        tools = [tool for tool in tools if _named(tool) in allowed]
    return Prompt(
        response.model,
        "\n".join(text for text in instructions if text),
        _turns(context.items),
        tools,
        choice,
        response.parallel_tool_calls,
        _format(response.text.format),
        _results(context.items),
        response.temperature,
        can_search=any(isinstance(tool, r.FileSearchTool) and tool.vector_store_ids for tool in response.tools),
        top_p=response.top_p,
        max_tokens=response.max_output_tokens,
    )


def _tool(tool: r.Tool) -> o.Tool:
    match tool:
        case r.FunctionTool():
            return o.Function(o.FunctionDefinition(tool.name, tool.description, tool.parameters, tool.strict))
        case r.FileSearchTool():
            return o.FileSearch()
        case r.CodeInterpreterTool():
            return o.CodeInterpreter()


def _named(tool: o.Tool) -> str:
    return tool.function.name if isinstance(tool, o.Function) else str(tool.__struct_config__.tag)


def _choice(choice: r.ToolChoice) -> tuple[set[str] | None, o.ToolChoiceOption]:
    """The names of the tools that may be used (None: all), and how free the choice among them is."""
    match choice:
        case r.ChosenFunction():
            return None, o.ToolChoice("function", o.FunctionName(choice.name))
        case r.ChosenFileSearch():
            return None, o.ToolChoice("file_search")
        case r.ChosenCodeInterpreter():
            return None, o.ToolChoice("code_interpreter")
        case r.AllowedTools():
            return {str(one.get("name") or one.get("type")) for one in choice.tools}, choice.mode
        case _:
            return None, choice


def _format(wanted: r.PlainText | r.JsonObject | r.JsonSchema) -> object:
    """The format in the words of runs, which responders know."""
    match wanted:
        case r.JsonObject():
            return {"type": "json_object"}
        case r.JsonSchema():
            return {"type": "json_schema", "json_schema": {"name": wanted.name, "schema": wanted.schema, "strict": wanted.strict}}
        case _:
            return {"type": "text"}


def _turns(items: list[r.Item]) -> list[Turn]:
    """What was said, each with the tool calls before it."""
    calls = {item.call_id: item for item in items if isinstance(item, r.FunctionCall)}
    result: list[Turn] = []
    before: list[ToolResult] = []
    for item in items:
        if isinstance(item, r.FunctionCallOutput):
            before.append(_result(calls[item.call_id], item))
        elif isinstance(item, r.Message) and item.role in ("user", "assistant"):
            result.append(Turn(item.role, item.text, item.id, before))
            before = []
        elif isinstance(item, r.Compaction):
            result.append(Turn("assistant", summary_of(item), item.id, before))
            before = []
    return result


def _results(items: list[r.Item]) -> list[ToolResult]:
    """The tool calls since the user last spoke, each with its output."""
    spoke = max((index for index, item in enumerate(items) if isinstance(item, r.Message) and item.role == "user"), default=-1)
    calls = {item.call_id: item for item in items if isinstance(item, r.FunctionCall)}
    return [_result(calls[item.call_id], item) for item in items[spoke + 1 :] if isinstance(item, r.FunctionCallOutput)]


def _result(called: r.FunctionCall, item: r.FunctionCallOutput) -> ToolResult:
    return ToolResult(item.call_id, called.name, called.arguments, r.text_of(item.output))

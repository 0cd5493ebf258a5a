"""Two operations that read what a response would read and write no response: counting its tokens, and compacting it.

A compacted context is all that the user said, followed by one item that stands for the rest (sdk: `types/responses/compacted_response.py`).
What the hosted model writes into that item nobody can see. Here it is a summary without a model: the beginning of every answer and of every
tool's output, in order (guess).
"""

from threadlab.engine import models
from threadlab.engine.assistants_api.plan import shortened
from threadlab.engine.call import Call
from threadlab.engine.responses_api import params as p
from threadlab.engine.responses_api import prompt as response_prompt
from threadlab.engine.responses_api import responses
from threadlab.engine.summaries import packed, summary_of
from threadlab.engine.usage import prompt_tokens, tokens_of
from threadlab.text import tokens
from threadlab.wire import responses as r

KEPT_OF_EACH = 32
"""Tokens that a summary keeps of an answer or a tool's output (guess)."""
BEGINNING = "Summary of what was answered before:"


def _read(call: Call, body: p.CreateResponse) -> tuple[r.Response, response_prompt.Context]:
    """What a response to this would read. Raises ApiError as `createResponse` does, but for a conversation that is locked (guess)."""
    responses.check(call, body)
    reference = body.conversation
    conversation = (
        call.find(r.Conversation, reference if isinstance(reference, str) else reference.id)[1] if reference is not None else None
    )
    responses.check_previous(call, body)
    input_items = responses.kept_input(call, body)
    response = responses.response_of(call, body, conversation.id if conversation is not None else "")
    return response, response_prompt.read(call, response, input_items)


def count(call: Call) -> r.InputTokens:
    body = responses.body_of(call, p.CountTokens)
    fields = {name: getattr(body, name) for name in p.CountTokens.__struct_fields__ if name != "personality"}
    response, context = _read(call, p.CreateResponse(**fields))
    return r.InputTokens(prompt_tokens(models.of_deployment(call, response_prompt.prompt_of(response, context)), context.tokens))


def compact(call: Call) -> r.CompactedResponse:
    body = responses.body_of(call, p.CompactResponse)
    validated = p.CreateResponse(
        model=body.model, input=body.input, previous_response_id=body.previous_response_id, instructions=body.instructions
    )
    response, context = _read(call, validated)
    reads = prompt_tokens(models.of_deployment(call, response_prompt.prompt_of(response, context)), context.tokens)
    user_messages: list[r.Message | r.Compaction] = [one for one in context.items if isinstance(one, r.Message) and one.role == "user"]
    item = r.Compaction(call.new_id("cmp"), packed(_summary(context.items, response.model)))
    writes = tokens_of(item)
    call.note(response_id=response.id, window=[one.id for one in context.items])
    return r.CompactedResponse(response.id, call.second, [*user_messages, item], r.Usage(reads, writes, reads + writes))


def _summary(items: list[r.Item], model: str) -> str:
    lines: list[str] = []
    names: dict[str, str] = {}
    for item in items:
        match item:
            case r.Message() if item.role != "user":
                lines.append(_beginning(item.text, model))
            case r.FunctionCall():
                names[item.call_id] = item.name
            case r.FunctionCallOutput():
                lines.append(f"{names.get(item.call_id, 'a tool')}: {_beginning(r.text_of(item.output), model)}")
            case r.Compaction():
                lines += summary_of(item).splitlines()[1:]
    return "\n".join([BEGINNING, *lines])


def _beginning(text: str, model: str) -> str:
    """The first tokens of a text, in one line."""
    line = " ".join(text.split())
    return line if tokens.count(line, model) <= KEPT_OF_EACH else shortened(line, KEPT_OF_EACH, model)[0] + " …"

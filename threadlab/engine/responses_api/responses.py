"""Responses: one turn of a model, with or without a conversation. The loop over tool calls is the application's own.

A response that is not in the background is answered when it is done: the reply is held back until then. One in the background is queued,
and asked for again. What a client that goes away does to its own, held reply is a guess: nothing, unless it could never be seen again.
"""

from typing import Any, TypeVar

import msgspec

from threadlab.engine import models, validate
from threadlab.engine.assistants_api.assistants import check_sampling
from threadlab.engine.call import Call
from threadlab.engine.journal import Ids, RunChanged
from threadlab.engine.responses_api import conversations, items
from threadlab.engine.responses_api import params as p
from threadlab.engine.responses_api import prompt as response_prompt
from threadlab.engine.responses_api.lifecycle import TERMINAL, ResponseLifecycle, finished
from threadlab.engine.responses_api.rounds import plan_round
from threadlab.engine.responses_api.stream import ResponseBody, ResponseStream
from threadlab.engine.usage import tokens_of
from threadlab.store.records import Finish, Moment, Row
from threadlab.wire import assistants as o
from threadlab.wire import errors
from threadlab.wire import responses as r
from threadlab.wire.exchange import Reply

B = TypeVar("B", bound=msgspec.Struct)

MIN_OUTPUT = 16


def create(call: Call) -> Any:
    body = body_of(call, p.CreateResponse)
    check(call, body)
    conversation_id = _conversation(call, body)
    check_previous(call, body)
    _check_duplicates(call, body, conversation_id)
    input_items = kept_input(call, body)
    response = response_of(call, body, conversation_id)
    context = response_prompt.read(call, response, input_items)
    own = conversations.own_ids(call, [item for item in input_items if items.is_new(call, item)])
    prompt = models.of_deployment(call, response_prompt.prompt_of(response, context))
    prompt = response_prompt.images_of(call, prompt, context)
    forget = body.store is False
    row = call.new_row(response, conversation_id)
    plan = msgspec.structs.replace(plan_round(call, row, response, prompt, context.tokens, body.include or []), forget=forget)
    row = msgspec.structs.replace(row, plan=plan)
    call.store.put(row)
    for item in own:
        call.add(r.InputItem(item.id, item), response.id, tokens=tokens_of(item))
    call.state.schedule(row)
    texts = [item.text[:500] for item in own if isinstance(item, r.Message)]
    window = [item.id for item in context.items]
    ids: Ids = {"conversation_id": conversation_id, "response_id": response.id}
    call.note(window=window, text=" ".join(texts), metadata=response.metadata, **ids)
    call.state.journal.add(RunChanged(at=call.now, state=response.status, **ids))
    if body.stream:
        return _stream(call, row)
    if response.background:
        return response
    if plan.waiting is not None:
        return Reply(200, stream=ResponseBody(call.state, row))
    final, at = finished(response, plan)
    return Reply(200, msgspec.json.encode(final), hold=at - call.now)


# ---- what is asked for ---------------------------------------------------------------------------------------------------------------


def body_of(call: Call, kind: type[B]) -> B:
    """What a client sent. Raises ApiError 400."""
    return validate.body(p.normalised(call.request.body), kind)


def kept_input(call: Call, body: p.CreateResponse) -> list[r.Item]:
    """The items of the input as they are kept. Raises ApiError 400 or 404."""
    return items.kept(call, _given(body), "input")


def check(call: Call, body: p.CreateResponse) -> None:
    if body.prompt is not None:
        raise errors.prompt_not_found(body.prompt.id)
    if body.model is None:
        raise errors.missing("model")
    models.check(call, body.model)
    if body.input is None and body.conversation is None and body.previous_response_id is None:
        raise errors.nothing_to_answer()
    check_sampling(body.temperature, body.top_p)
    validate.metadata(body.metadata)
    validate.items("tools", body.tools, validate.MAX_TOOLS)
    validate.length("instructions", body.instructions, items.MAX_TEXT)
    validate.length("safety_identifier", body.safety_identifier, 64)
    validate.between("max_output_tokens", body.max_output_tokens, MIN_OUTPUT)
    validate.between("max_tool_calls", body.max_tool_calls, 1)
    validate.between("top_logprobs", body.top_logprobs, 0, 20)
    if body.conversation is not None and body.previous_response_id is not None:
        raise errors.mutually_exclusive("previous_response_id", "conversation")
    if body.background and body.store is False:
        raise errors.background_not_stored()
    choice = body.tool_choice
    if isinstance(choice, r.ChosenFunction) and choice.name not in _function_names(body):
        raise errors.no_such_function(choice.name)
    if body.text is not None and isinstance(body.text.format, r.JsonObject) and "json" not in _all_text(body).lower():
        raise errors.json_not_mentioned()


def _function_names(body: p.CreateResponse) -> set[str]:
    return {tool.name for tool in body.tools or [] if isinstance(tool, r.FunctionTool)}


def _all_text(body: p.CreateResponse) -> str:
    return " ".join([body.instructions or "", *(r.text_of(one.content) for one in _given(body) if isinstance(one, p.MessageIn))])


def _given(body: p.CreateResponse) -> list[p.ItemIn]:
    return [p.MessageIn("user", body.input)] if isinstance(body.input, str) else body.input or []


def _conversation(call: Call, body: p.CreateResponse) -> str:
    """The id of the conversation, or nothing. Raises ApiError 404, or 400 while another response works on it."""
    if body.conversation is None:
        return ""
    conversation_id = body.conversation if isinstance(body.conversation, str) else body.conversation.id
    conversation = call.find(r.Conversation, conversation_id)[1]
    conversations.refuse_while_locked(call, conversation.id)
    return conversation.id


def check_previous(call: Call, body: p.CreateResponse) -> None:
    """Raises ApiError 400 for a response that is not there, or that has not ended well (the latter is a guess)."""
    if body.previous_response_id is None:
        return
    row = call.store.get(body.previous_response_id)
    there = row is not None and row.project == call.project and isinstance(row.body, r.Response) and not _forgotten(row)
    if not there or row is None or not isinstance(row.body, r.Response):
        raise errors.no_previous_response(body.previous_response_id)
    if row.body.status not in ("completed", "incomplete"):
        raise errors.previous_not_done(body.previous_response_id, row.body.status)


def _check_duplicates(call: Call, body: p.CreateResponse, conversation_id: str) -> None:
    """Raises ApiError 400 for an item that its conversation has already, or that comes twice (the latter is a guess).

    With `previous_response_id` nothing is compared: what the chain has already is read twice (seen: openai/openai-agents-python#1827).
    """
    seen: set[str] = set()
    for one in _given(body):
        if isinstance(one, p.ItemReference) or not one.id:
            continue
        row = call.store.get(one.id) if conversation_id else None
        if one.id in seen or (row is not None and row.parent == conversation_id and isinstance(row.body, r.ConversationItem)):
            raise errors.duplicate_item(one.id)
        seen.add(one.id)


def response_of(call: Call, body: p.CreateResponse, conversation_id: str) -> r.Response:
    assert body.model is not None
    unset = msgspec.UNSET
    return r.Response(
        id=call.new_id("resp"),
        created_at=call.second,
        model=body.model,
        status="queued" if body.background else "in_progress",
        background=bool(body.background),
        conversation=r.ConversationRef(conversation_id) if conversation_id else None,
        instructions=body.instructions,
        max_output_tokens=body.max_output_tokens,
        max_tool_calls=body.max_tool_calls,
        parallel_tool_calls=body.parallel_tool_calls is not False,
        previous_response_id=body.previous_response_id,
        reasoning=body.reasoning or r.ReasoningOptions(),
        temperature=1.0 if body.temperature is None else body.temperature,
        text=body.text or r.TextConfig(),
        tool_choice=body.tool_choice or "auto",
        tools=body.tools or [],
        top_logprobs=body.top_logprobs or 0,
        top_p=1.0 if body.top_p is None else body.top_p,
        truncation=body.truncation or "disabled",
        metadata=validate.metadata(body.metadata),
        prompt_cache_key=unset if body.prompt_cache_key is None else body.prompt_cache_key,
        safety_identifier=unset if body.safety_identifier is None else body.safety_identifier,
        user=unset if body.user is None else body.user,
    )


# ---- who answers, and how long it takes ----------------------------------------------------------------------------------------------


def _stream(call: Call, row: Row, after: int | None = None) -> ResponseStream:
    cut, slower = None, 0.0
    for rule in call.state.faults.triggered(call.operation, ("stream",)):
        cut = int(rule.number(5)) if rule.kind == "stream_cut" else cut
        slower = rule.number(1.0) if rule.kind == "stream_slow" else slower
    return ResponseStream(call.state, row, after, cut, slower)


# ---- everything else that can be done with a response ---------------------------------------------------------------------------------


def _forgotten(row: Row) -> bool:
    """Whether it is not to be stored: it lives only for the request that made it."""
    return row.plan is not None and row.plan.forget


def find(call: Call) -> tuple[Row, r.Response]:
    row, response = call.find(r.Response, call.ids[0])
    if _forgotten(row):
        raise errors.not_found("response", response.id)
    call.note(conversation_id=row.parent, run_status=response.status)
    return row, response


def retrieve(call: Call) -> Any:
    row, response = find(call)
    query = call.query()
    if query.get("stream") != "true":
        return response
    if not response.background:
        raise errors.not_streamable()
    after = query.get("starting_after")
    if after is not None and not after.isdecimal():
        raise errors.wrong_type("starting_after", "an integer", "a string")
    return _stream(call, row, None if after is None else int(after))


def delete(call: Call) -> o.Deleted:
    """A response that is still at work ends with it (guess); what its conversation has, the conversation keeps."""
    row, response = find(call)
    call.state.schedule(msgspec.structs.replace(row, plan=None))
    call.store.remove_below(response.id)
    call.store.remove(response.id)
    call.state.notify(row, [], call.now)  # whoever reads its stream sees that it is over
    return o.Deleted(response.id, "response")


def cancel(call: Call) -> r.Response:
    """At once, unlike a run; of one that has ended it says how it did (official text: cancelling twice is harmless)."""
    row, response = find(call)
    if not response.background:
        raise errors.not_cancellable()
    if response.status in TERMINAL or row.plan is None:
        return response
    if any(rule.kind == "cancel_loses" for rule in call.state.faults.triggered(call.operation, ("cancel",))):
        return response
    row, events = _lifecycle(call).apply(row, Moment(call.now, Finish("cancelled")))
    call.store.put(row)
    call.state.schedule(row)
    call.state.notify(row, events, call.now)
    assert isinstance(row.body, r.Response)
    return row.body


def list_input(call: Call) -> o.Page:
    """The input of this response alone: whether the hosted API also gave what came before it is not recorded (guess)."""
    _, response = find(call)

    def show(row: Row) -> object:
        assert isinstance(row.body, r.InputItem)
        return items.shown(row.body.item, call.include)

    return call.page(r.InputItem, response.id, shown=show)


def _lifecycle(call: Call) -> ResponseLifecycle:
    return ResponseLifecycle(call.store, call.state.journal, call.state.drafts)

"""Responses: how they end, what they read, what is refused; each test named after the mistake it catches."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx2
import openai
import pytest

from tests.threadlab.conformance.response_journeys import WEATHER
from tests.threadlab.engine.desk import Desk, desk
from tests.threadlab.engine.test_errors import says

MODEL = "gpt-4o"
FRANCE = "What is the capital of France?"
PARIS = "The capital of France is Paris."


@pytest.fixture
def at() -> Iterator[Desk]:
    with desk() as one:
        yield one


def ask(at: Desk, text: Any = FRANCE, **options: Any) -> Any:
    return at.client.responses.create(model=MODEL, input=text, **options)


def raw(at: Desk, **body: Any) -> httpx2.Response:
    return at.raw("POST", "/responses", {"model": MODEL, "input": FRANCE, **body}, beta=False)


def talk(at: Desk, *texts: str) -> str:
    """A conversation with these user messages; its id."""
    return at.client.conversations.create(items=[{"role": "user", "content": text} for text in texts]).id


def said(at: Desk, conversation_id: str) -> list[str]:
    page = at.client.conversations.items.list(conversation_id, order="asc")
    return [item.content[0].text for item in page.data if item.type == "message"]


# ---- the reply comes when the response is done ----------------------------------------------------------------------------------------


def test_reply_comes_when_the_response_is_done(at: Desk) -> None:
    begun = at.service.clock.now()
    answer = ask(at)
    assert (answer.status, answer.output_text) == ("completed", PARIS)
    assert at.service.clock.now() - begun == pytest.approx(2.2)


def test_client_that_gives_up_leaves_the_response_at_work(at: Desk) -> None:
    """What the client does not wait for happens all the same."""
    conversation_id = talk(at)
    with pytest.raises(openai.APITimeoutError):
        ask(at, conversation=conversation_id, timeout=1.0)
    at.wait(5)
    assert said(at, conversation_id) == [FRANCE, PARIS]


def test_background_response_ends_without_a_poll(at: Desk) -> None:
    made = ask(at, background=True)
    seen = [made.status]
    for _ in range(6):
        at.wait(0.5)
        seen.append(at.client.responses.retrieve(made.id).status)
    assert list(dict.fromkeys(seen)) == ["queued", "in_progress", "completed"]


def test_response_that_is_not_stored_cannot_be_read(at: Desk) -> None:
    with pytest.raises(openai.APITimeoutError):
        ask(at, store=False, timeout=0.5)
    answer = ask(at, store=False)
    says(at.raw("GET", f"/responses/{answer.id}", beta=False), 404, f"Response with id '{answer.id}' not found.")
    at.wait(5)
    assert at.service.engine.store.unfinished() == []


@pytest.mark.parametrize(
    ("scenario", "status", "code"),
    [("run_failed:rate_limit_exceeded", "failed", "rate_limit_exceeded"), ("stuck", "failed", "server_error")],
)
def test_failure_is_told_from_an_answer(scenario: str, status: str, code: str) -> None:
    with desk(scenario=scenario) as at:
        made = ask(at, background=True)
        at.wait(700)
        ended = at.client.responses.retrieve(made.id)
        assert (ended.status, ended.error.code, ended.output, ended.usage) == (status, code, [], None)


def test_answer_that_was_cut_is_incomplete() -> None:
    with desk(responder="echo") as at:
        answer = ask(at, "word " * 100, max_output_tokens=16)
        assert (answer.status, answer.incomplete_details.reason) == ("incomplete", "max_output_tokens")
        assert answer.output[0].status == "incomplete"
        assert answer.usage.output_tokens <= 16


# ---- what is read ---------------------------------------------------------------------------------------------------------------------


def test_conversation_is_read(at: Desk) -> None:
    conversation_id = talk(at, "Let us talk about Spain.")
    assert ask(at, "What is its capital?", conversation=conversation_id).output_text == "The capital of Spain is Madrid."
    assert said(at, conversation_id)[1:] == ["What is its capital?", "The capital of Spain is Madrid."]


def test_input_shows_when_the_response_is_done(at: Desk) -> None:
    conversation_id = talk(at)
    made = ask(at, conversation=conversation_id, background=True)
    assert said(at, conversation_id) == []
    assert at.client.responses.input_items.list(made.id).data[0].content[0].text == FRANCE
    at.wait(5)
    assert said(at, conversation_id) == [FRANCE, PARIS]


def test_conversation_alone_can_be_answered(at: Desk) -> None:
    """The message was added by a request of its own: nothing is left to be said."""
    response = at.client.responses.create(model=MODEL, conversation=talk(at, FRANCE))
    assert response.output_text == PARIS


def test_chain_is_read_to_its_beginning(at: Desk) -> None:
    first = ask(at, "Let us talk about Spain.")
    second = ask(at, "What is its capital?", previous_response_id=first.id)
    third = ask(at, "And its currency?", previous_response_id=second.id)
    assert third.output_text == "The currency of Spain is the euro."


def test_instructions_are_not_carried_over(at: Desk) -> None:
    first = ask(at, instructions="Be brief.")
    assert ask(at, previous_response_id=first.id).instructions is None


def test_window_that_is_too_small_is_refused_or_cut(at: Desk) -> None:
    """`disabled` refuses, `auto` drops from the beginning."""
    conversation_id = talk(at, "Let us talk about Spain.", *("word " * 40_000 for _ in range(4)))
    refused = raw(at, input="What is its capital?", conversation=conversation_id)
    message = "Your input exceeds the context window of this model. Please adjust your input and try again."
    says(refused, 400, message, param="input", code="context_length_exceeded")
    answer = ask(at, "What is its capital?", conversation=conversation_id, truncation="auto")
    assert answer.output_text.startswith("Which country do you mean?")


def test_reference_does_not_double_an_item(at: Desk) -> None:
    conversation_id = talk(at, FRANCE)
    (item,) = at.client.conversations.items.list(conversation_id).data
    ask(at, [{"type": "item_reference", "id": item.id}], conversation=conversation_id)
    assert said(at, conversation_id) == [FRANCE, PARIS]
    says(raw(at, input=[{"type": "item_reference", "id": "msg_none"}]), 404, "Item with id 'msg_none' not found.", param="input[0]")


def test_item_that_a_response_wrote_can_be_referred_to(at: Desk) -> None:
    """Vercel's `ai` sends the items of earlier responses as references, and no `previous_response_id`."""
    first = ask(at, FRANCE)
    reference = {"type": "item_reference", "id": first.output[0].id}
    second = ask(at, [{"role": "user", "content": FRANCE}, reference, {"role": "user", "content": "And its currency?"}])
    assert second.output_text == "The currency of France is the euro."
    listed = [item.type for item in at.client.responses.input_items.list(second.id, order="asc").data]
    assert listed == ["message", "message", "message"]
    conversation_id = talk(at)
    ask(at, [reference, {"role": "user", "content": "And its currency?"}], conversation=conversation_id)
    assert said(at, conversation_id)[:2] == [PARIS, "And its currency?"]
    at.client.responses.delete(first.id)
    message = f"Item with id '{reference['id']}' not found."
    says(raw(at, input=[reference]), 404, message, param="input[0]")


def test_item_that_is_not_stored_cannot_be_referred_to(at: Desk) -> None:
    first = ask(at, FRANCE, store=False)
    reference = {"type": "item_reference", "id": first.output[0].id}
    says(raw(at, input=[reference]), 404, f"Item with id '{reference['id']}' not found.", param="input[0]")


# ---- two at once ----------------------------------------------------------------------------------------------------------------------

LOCKED = "Another process is currently operating on this conversation. Please retry in a few seconds."


def test_second_response_on_a_busy_conversation_is_refused(at: Desk) -> None:
    conversation_id = talk(at)
    ask(at, conversation=conversation_id, background=True)
    says(raw(at, conversation=conversation_id), 400, LOCKED, param="conversation", code="conversation_locked")
    item = {"items": [{"role": "user", "content": "Hello"}]}
    refused = at.raw("POST", f"/conversations/{conversation_id}/items", item, beta=False)
    says(refused, 400, LOCKED, param="conversation", code="conversation_locked")
    at.wait(5)
    assert raw(at, conversation=conversation_id).status_code == 200


def test_cancelled_response_lets_go_of_the_lock(at: Desk) -> None:
    conversation_id = talk(at)
    made = ask(at, conversation=conversation_id, background=True)
    at.wait(1)
    assert at.client.responses.cancel(made.id).status == "cancelled"
    assert at.client.responses.cancel(made.id).status == "cancelled"
    assert said(at, conversation_id) == []
    ask(at, conversation=conversation_id)
    assert said(at, conversation_id) == [FRANCE, PARIS]


def test_deleted_response_lets_go_of_the_lock(at: Desk) -> None:
    conversation_id = talk(at)
    made = ask(at, conversation=conversation_id, background=True)
    at.client.responses.delete(made.id)
    assert raw(at, conversation=conversation_id).status_code == 200


def test_cancel_may_lose_to_completion() -> None:
    with desk(scenario="cancel_loses") as at:
        made = ask(at, background=True)
        at.client.responses.cancel(made.id)
        at.wait(5)
        assert at.client.responses.retrieve(made.id).status == "completed"


# ---- the loop over tool calls ---------------------------------------------------------------------------------------------------------


def test_missing_output_is_refused(at: Desk) -> None:
    asked = ask(at, "What is the weather in Paris and Madrid?", tools=[WEATHER])
    assert [item.type for item in asked.output] == ["function_call", "function_call"]
    outputs = [{"type": "function_call_output", "call_id": item.call_id, "output": "Sunny."} for item in asked.output]
    missing = asked.output[1].call_id
    refused = raw(at, input=outputs[:1], previous_response_id=asked.id)
    says(refused, 400, f"No tool output found for function call {missing}.", param="input")
    answer = ask(at, outputs, previous_response_id=asked.id)
    assert answer.output_text == "get_weather says: Sunny. get_weather says: Sunny."


def test_output_of_an_unknown_call_is_refused(at: Desk) -> None:
    refused = raw(at, input=[{"type": "function_call_output", "call_id": "call_none", "output": "x"}])
    says(refused, 400, "No tool call found for function call output with call_id call_none.", param="input")


def test_tool_loop_works_without_stored_items(at: Desk) -> None:
    """The application hands everything back itself."""
    items: list[Any] = [{"role": "user", "content": "What is the weather in Paris?"}]
    asked = ask(at, items, tools=[WEATHER], store=False)
    items += [one.to_dict() for one in asked.output]
    items.append({"type": "function_call_output", "call_id": asked.output[0].call_id, "output": "Sunny."})
    assert ask(at, items, tools=[WEATHER], store=False).output_text == "get_weather says: Sunny."


@pytest.mark.parametrize(
    "parameters",
    [
        {"properties": True},
        {"properties": {"city": True}},
        {"properties": {"city": {"enum": 3}}, "required": [["city"], None]},
        {"type": ["null"], "required": "city"},
    ],
)
def test_wrong_schema_is_refused(at: Desk, parameters: dict[str, Any]) -> None:
    """What is wrong with a schema is not for the answer to stumble over."""
    assert ask(at, "What is the weather in Paris?", tools=[{**WEATHER, "parameters": parameters}]).status == "completed"
    wanted = {"format": {"type": "json_schema", "name": "x", "schema": {"type": "object", **parameters, "anyOf": 1}}}
    assert at.client.responses.create(model=MODEL, input=FRANCE, text=wanted).status == "completed"


# ---- items that come twice, and streams that nobody reads to the end -----------------------------------------------------------------


def called(at: Desk, conversation_id: str) -> Any:
    """A response that wants a tool, on a conversation."""
    return ask(at, "What is the weather in Paris?", tools=[WEATHER], conversation=conversation_id)


def output_of(call_id: str) -> dict[str, str]:
    return {"type": "function_call_output", "call_id": call_id, "output": "Sunny."}


def test_item_of_the_conversation_is_not_taken_twice(at: Desk) -> None:
    """Seen: openai/openai-agents-python#1789, vercel/ai#11813."""
    conversation_id = talk(at)
    (call,) = called(at, conversation_id).output
    refused = raw(at, input=[call.to_dict(), output_of(call.call_id)], conversation=conversation_id)
    message = f"Duplicate item found with id {call.id}. Remove duplicate items from your input and try again."
    says(refused, 400, message, param="input")
    assert ask(at, [output_of(call.call_id)], conversation=conversation_id).output_text == "get_weather says: Sunny."


def test_item_that_comes_twice_in_one_input_is_refused(at: Desk) -> None:
    item = {"type": "message", "id": "msg_mine", "role": "user", "content": "Hello"}
    refused = raw(at, input=[item, item])
    says(refused, 400, "Duplicate item found with id msg_mine. Remove duplicate items from your input and try again.", param="input")


def test_chain_takes_an_item_twice_and_forks(at: Desk) -> None:
    """Seen: openai/openai-agents-python#1827."""
    asked = ask(at, "What is the weather in Paris?", tools=[WEATHER])
    (call,) = asked.output
    both = [ask(at, [call.to_dict(), output_of(call.call_id)], previous_response_id=asked.id) for _ in range(2)]
    assert [one.output_text for one in both] == ["get_weather says: Sunny."] * 2
    assert len(at.client.responses.input_items.list(both[1].id).data) == 2


def left_at(at: Desk, conversation_id: str, event_type: str, text: str = "What is the weather in Paris?") -> tuple[str, str]:
    """Read a stream up to an event and leave. The ids of the response and of its call."""
    response_id = call_id = ""
    with at.service.time(), ask(at, text, tools=[WEATHER], conversation=conversation_id, stream=True) as stream:
        for event in stream:
            response_id = event.response.id if event.type == "response.created" else response_id
            call_id = getattr(getattr(event, "item", None), "call_id", call_id)
            if event.type == event_type:
                break
    return response_id, call_id


def test_stream_left_when_a_call_was_added_leaves_nothing(at: Desk) -> None:
    """Seen: openai/openai-python#3561; openai/openai-node#2571: the response completes, and its conversation stays empty."""
    conversation_id = talk(at)
    response_id, call_id = left_at(at, conversation_id, "response.output_item.added")
    at.wait(5)
    kept = at.client.responses.retrieve(response_id)
    assert (kept.status, [one.type for one in kept.output]) == ("completed", ["function_call"])
    assert at.client.conversations.items.list(conversation_id).data == []
    refused = raw(at, input=[output_of(call_id)], conversation=conversation_id)
    says(refused, 400, f"No tool call found for function call output with call_id {call_id}.", param="input")
    assert raw(at, conversation=conversation_id).status_code == 200


def test_stream_left_when_a_call_was_done_leaves_an_orphan(at: Desk) -> None:
    """Seen: openai/openai-agents-js#1190. The output, or deleting the call, mends the conversation."""
    conversation_id = talk(at)
    _, call_id = left_at(at, conversation_id, "response.output_item.done")
    at.wait(5)
    message = f"No tool output found for function call {call_id}."
    for _ in range(2):
        says(raw(at, input="Never mind.", conversation=conversation_id), 400, message, param="input")
    (orphan,) = [one for one in at.client.conversations.items.list(conversation_id) if one.type == "function_call"]
    at.client.conversations.items.delete(orphan.id, conversation_id=conversation_id)
    assert raw(at, input="Never mind.", conversation=conversation_id).status_code == 200


def test_conversation_stays_locked_by_a_response_whose_stream_was_left(at: Desk) -> None:
    conversation_id = talk(at)
    left_at(at, conversation_id, "response.created")
    says(raw(at, conversation=conversation_id), 400, LOCKED, param="conversation", code="conversation_locked")


def test_answer_whose_stream_was_left_early_leaves_nothing(at: Desk) -> None:
    """Guess: that a message is treated as a call is."""
    conversation_id = talk(at)
    left_at(at, conversation_id, "response.output_text.delta", FRANCE)
    at.wait(5)
    assert said(at, conversation_id) == []


def test_background_stream_may_be_left(at: Desk) -> None:
    conversation_id = talk(at)
    with at.service.time(), ask(at, conversation=conversation_id, stream=True, background=True) as stream:
        next(iter(stream))
    at.wait(5)
    assert said(at, conversation_id) == [FRANCE, PARIS]


def test_stream_that_was_read_to_its_end_is_kept(at: Desk) -> None:
    conversation_id = talk(at)
    left_at(at, conversation_id, "", FRANCE)
    assert said(at, conversation_id) == [FRANCE, PARIS]


# ---- what is refused ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "status", "message", "detail"),
    [
        ({"model": "gpt-9"}, 400, "The requested model 'gpt-9' does not exist.", {"param": "model", "code": "model_not_found"}),
        ({"model": None}, 400, "Missing required parameter: 'model'.", {"param": "model", "code": "missing_required_parameter"}),
        (
            {"input": None},
            400,
            "One of \"input\" or \"previous_response_id\" or 'prompt' or 'conversation_id' must be provided.",
            {"code": "missing_required_parameter"},
        ),
        ({"conversation": "conv_none"}, 404, "Conversation with id 'conv_none' not found.", {}),
        (
            {"previous_response_id": "resp_none"},
            400,
            "Previous response with id 'resp_none' not found.",
            {"param": "previous_response_id", "code": "previous_response_not_found"},
        ),
        (
            {"previous_response_id": "resp_a", "conversation": "conv_a"},
            400,
            "Mutually exclusive parameters: Ensure you are only providing one of: 'previous_response_id' or 'conversation'.",
            {"code": "mutually_exclusive_parameters"},
        ),
        ({"background": True, "store": False}, 400, "Background mode requires 'store' to be true.", {"param": "store"}),
        (
            {"max_output_tokens": 15},
            400,
            "Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16, but got 15 instead.",
            {"param": "max_output_tokens", "code": "integer_below_min_value"},
        ),
        (
            {"tools": [{"type": "web_search"}]},
            400,
            "tool not available here: 'web_search'. This service takes 'function', 'file_search', 'code_interpreter'.",
            {"param": "tools", "code": "invalid_value"},
        ),
        (
            {"text": {"format": {"type": "json_object"}}},
            400,
            "Response input messages must contain the word 'json' in some form to use 'text.format' of type 'json_object'.",
            {"param": "input"},
        ),
        (
            {"input": [{"role": "assistant", "content": [{"type": "input_text", "text": "x"}]}]},
            400,
            "Invalid value: 'input_text'. Supported values are: 'output_text' and 'refusal'.",
            {"param": "input[0].content[0]", "code": "invalid_value"},
        ),
        ({"nonsense": 1}, 400, "Unknown parameter: 'nonsense'.", {"param": "nonsense", "code": "unknown_parameter"}),
    ],
)
def test_wrong_request_is_refused(at: Desk, body: dict[str, Any], status: int, message: str, detail: dict[str, str]) -> None:
    says(raw(at, **body), status, message, **detail)
    assert at.service.engine.store.unfinished() == []


def test_response_that_somebody_waits_for_cannot_be_cancelled(at: Desk) -> None:
    says(at.raw("POST", f"/responses/{ask(at).id}/cancel", beta=False), 400, "Cannot cancel a synchronous response.")


def test_conversation_of_another_project_is_a_404() -> None:
    with desk(keys={"sk-one": "one", "sk-two": "two"}) as at:
        conversation_id = talk(at, "Hello")
        for path in (f"/conversations/{conversation_id}", f"/conversations/{conversation_id}/items"):
            assert at.raw("GET", path, key="sk-two", beta=False).status_code == 404


def test_more_items_at_once_than_allowed_are_refused(at: Desk) -> None:
    refused = at.raw("POST", "/conversations", {"items": [{"role": "user", "content": "x"}] * 21}, beta=False)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "array_above_max_length")


def test_limits_count_responses() -> None:
    with desk(limits="gpt-4o:rpm=1") as at:
        ask(at)
        with pytest.raises(openai.RateLimitError, match="requests per min"):
            ask(at)
        assert raw(at, model="gpt-4o-mini").status_code == 200


def test_fault_meets_its_operation_only() -> None:
    with desk(scenario="reply_lost@createResponse#1") as at:
        conversation_id = talk(at)
        with pytest.raises(openai.APIConnectionError):
            ask(at, conversation=conversation_id)
        at.wait(5)
        assert said(at, conversation_id) == [FRANCE, PARIS]


# ---- what outlives what ---------------------------------------------------------------------------------------------------------------


def test_response_left_behind_by_a_restart_ends(tmp_path: Any) -> None:
    from threadlab.virtual_time.clock import VirtualClock

    with desk(store=tmp_path / "store", clock=VirtualClock(1_788_253_200.0)) as at:
        conversation_id = talk(at)
        made = ask(at, conversation=conversation_id, background=True)
        at.wait(1)
        at.client.responses.retrieve(made.id)
    with desk(store=tmp_path / "store", clock=VirtualClock(1_788_253_300.0), seed=1) as at:
        assert at.client.responses.retrieve(made.id).output_text == PARIS
        assert said(at, conversation_id) == [FRANCE, PARIS]


def test_deleted_conversation_is_gone(at: Desk) -> None:
    conversation_id = talk(at, "Hello")
    (item,) = at.client.conversations.items.list(conversation_id).data
    assert at.client.conversations.delete(conversation_id).deleted
    missing = at.raw("GET", f"/conversations/{conversation_id}/items/{item.id}", beta=False)
    says(missing, 404, f"Conversation with id '{conversation_id}' not found.")


def test_asynchronous_client_gets_the_same(at: Desk) -> None:
    async def main() -> str:
        answer = await at.service.async_client().responses.create(model=MODEL, input=FRANCE)
        return answer.output_text

    assert asyncio.run(main()) == PARIS

"""Whatever is sent to Conversations and Responses, the answer is one of theirs: a shape that is described, or an error in their words."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, multiple, rule

from tests.threadlab.conformance import checking
from tests.threadlab.conformance.response_journeys import FRANCE, JSON, MODEL, WEATHER
from tests.threadlab.engine.desk import Desk

CALLS = [
    {"type": "function_call", "call_id": "call_1", "name": "get_weather", "arguments": "{}", "id": "fc_1", "status": "completed"},
    {"type": "function_call_output", "call_id": "call_1", "output": "Sunny."},
]
ITEMS: list[dict[str, Any]] = [
    {"role": "user", "content": FRANCE},
    {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Hi", "annotations": []}]},
    {"role": "developer", "content": [{"type": "input_text", "text": "Be brief, in JSON."}]},
    {"type": "reasoning", "id": "rs_1", "summary": []},
    {"id": "msg_none"},
    *CALLS,
]
BODIES: list[dict[str, Any]] = [
    {"model": MODEL, "input": FRANCE, "stream": False, "background": True, "metadata": {"a": "b"}},
    {"model": MODEL, "input": ITEMS[:3], "text": JSON, "tools": [WEATHER], "tool_choice": "required", "max_output_tokens": 16},
    {"model": MODEL, "input": CALLS, "store": False, "reasoning": {"effort": "low"}, "truncation": "auto", "temperature": 0.5},
    {"model": MODEL, "input": FRANCE, "tools": [{"type": "file_search", "vector_store_ids": ["vs_none"]}], "include": []},
    {"model": MODEL, "input": FRANCE, "text": {"format": {"type": "json_schema", "name": "x", "schema": {"type": "object"}}}},
    {"model": MODEL, "input": FRANCE, "conversation": "conv_none", "previous_response_id": None},
]
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=5,
)


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(one for key, part in inside for one in places(part, (*at, key)))]


@st.composite
def spoilt(draw: st.DrawFn, bodies: list[Any]) -> Any:
    """A good body with something else in one or two places, or with something missing."""
    body = copy.deepcopy(draw(st.sampled_from(bodies)))
    for _ in range(draw(st.integers(0, 2))):
        *path, last = draw(st.sampled_from(places(body)[1:] or [("new",)]))
        inner = body
        for key in path:
            inner = inner[key]
        if draw(st.booleans()) or isinstance(inner, list):
            inner[last] = draw(ANYTHING)
        else:
            inner.pop(last, None)
    return body


@pytest.fixture(scope="module")
def at() -> Any:
    one = Desk()
    yield one
    one.close()


QUICK = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


def answered(at: Desk, method: str, path: str, body: Any = None) -> None:
    """Sends it; an exception of ours comes straight through."""
    reply = at.raw(method, path, body, beta=False)
    assert reply.status_code < 500
    if reply.status_code != 200:
        error = reply.json()["error"]
        assert set(error) == {"message", "type", "param", "code"}
        assert error["message"]
    elif "event-stream" not in reply.headers["content-type"]:
        exchange = at.recorder.exchanges[-1]
        checking.check_reply_sdk(exchange.operation, exchange.json)


@QUICK
@given(body=spoilt(BODIES))
def test_wrong_request_for_a_response_is_a_400(at: Desk, body: Any) -> None:
    answered(at, "POST", "/responses", body)


@QUICK
@given(body=spoilt([{"items": ITEMS[:3], "metadata": {"a": "b"}}, {"items": [*CALLS, ITEMS[3]]}, {}]))
def test_wrong_request_for_a_conversation_is_a_400(at: Desk, body: Any) -> None:
    answered(at, "POST", "/conversations", body)


@QUICK
@given(body=ANYTHING | st.binary(max_size=40), path=st.sampled_from(["/responses", "/conversations"]))
def test_body_that_is_no_request_is_a_400(at: Desk, body: Any, path: str) -> None:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    reply = at.http.post(path, content=raw, headers={"authorization": f"Bearer {at.service.key}"})
    assert reply.status_code < 500


QUERIES = st.sampled_from(
    ["", "?limit=0", "?limit=1", "?limit=x", "?order=up", "?after=msg_none", "?stream=true", "?stream=true&starting_after=x"]
)


class Sessions(RuleBasedStateMachine):
    """Everything in any order."""

    conversations, responses = Bundle("conversations"), Bundle("responses")

    def __init__(self) -> None:
        super().__init__()
        self.at = Desk(scenario="run_failed%10 run_incomplete%10 seed:1")

    def teardown(self) -> None:
        self.at.close()

    @rule(target=conversations)
    def converse(self) -> str:
        return self.at.client.conversations.create().id

    @rule(conversation=conversations, items=st.lists(st.sampled_from(ITEMS), max_size=3))
    def say(self, conversation: str, items: list[Any]) -> None:
        answered(self.at, "POST", f"/conversations/{conversation}/items", {"items": items})

    @rule(target=responses, where=conversations | st.none(), background=st.booleans(), stored=st.booleans())
    def ask(self, where: str | None, background: bool, stored: bool) -> Any:
        body = {"model": MODEL, "input": FRANCE, "conversation": where, "background": background, "store": stored}
        answered(self.at, "POST", "/responses", body)
        last = self.at.recorder.exchanges[-1]
        return last.json["id"] if last.status == 200 else multiple()

    @rule(target=responses, previous=responses)
    def go_on(self, previous: str) -> Any:
        answered(self.at, "POST", "/responses", {"model": MODEL, "input": "And its currency?", "previous_response_id": previous})
        last = self.at.recorder.exchanges[-1]
        return last.json["id"] if last.status == 200 else multiple()

    @rule(response=responses, what=st.sampled_from(["", "/input_items"]), query=QUERIES)
    def look(self, response: str, what: str, query: str) -> None:
        answered(self.at, "GET", f"/responses/{response}{what}{query}")

    @rule(conversation=conversations, what=st.sampled_from(["", "/items", "/items/msg_none"]), query=QUERIES)
    def look_at_conversation(self, conversation: str, what: str, query: str) -> None:
        answered(self.at, "GET", f"/conversations/{conversation}{what}{query}")

    @rule(response=responses)
    def cancel(self, response: str) -> None:
        answered(self.at, "POST", f"/responses/{response}/cancel")

    @rule(response=consumes(responses))
    def delete(self, response: str) -> None:
        answered(self.at, "DELETE", f"/responses/{response}")

    @rule(conversation=conversations)
    def delete_conversation(self, conversation: str) -> None:
        answered(self.at, "DELETE", f"/conversations/{conversation}")

    @rule(seconds=st.sampled_from([0.1, 1.0, 5.0, 700.0]))
    def wait(self, seconds: float) -> None:
        self.at.wait(seconds)


Sessions.TestCase.settings = settings(max_examples=15, stateful_step_count=20, deadline=None)
TestSessions = Sessions.TestCase

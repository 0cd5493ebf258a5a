"""Responses that are answered from outside of the engine; each test named after the mistake it catches."""

from __future__ import annotations

import json

import pytest

from tests.threadlab.engine.desk import events_of
from tests.threadlab.engine.somebody import PARIS, QUESTION, Reader, outside
from threadlab.engine.answers import Started
from threadlab.wire import assistants as o
from threadlab.wire.prompts import Answer

# ---- responses -----------------------------------------------------------------------------------------------------------------------


def test_response_is_answered_when_it_is_done() -> None:
    with outside() as (at, somebody):
        conversation = at.client.conversations.create().id
        reader = Reader(at, "/responses", {"model": "gpt-4o", "input": QUESTION, "conversation": conversation})
        assert reader.stream.read(at.service.clock.now()) == []
        somebody.says("It is")
        assert (reader.woken, reader.stream.read(at.service.clock.now())) == (0, [])
        somebody.says(PARIS)
        assert reader.woken
        (body,) = reader.stream.read(at.service.clock.now())
        assert reader.stream.next_at is None
        response = json.loads(body)
        assert (response["status"], response["usage"]["input_tokens"]) == ("completed", 100)
        assert response["output"][0]["content"][0]["text"] == "It is Paris."
        items = at.client.conversations.items.list(conversation, order="asc").data
        assert [item.role for item in items] == ["user", "assistant"]


def test_late_reader_sees_the_same_numbers() -> None:
    with outside() as (at, somebody):
        reader = Reader(at, "/responses", {"model": "gpt-4o", "input": QUESTION, "stream": True, "background": True})
        seen = reader.read()
        response_id = seen[0][1]["response"]["id"]
        somebody.says("It is")
        seen += reader.read()
        somebody.says(" Par", "is", ".")
        late = at.raw("GET", f"/responses/{response_id}?stream=true")  # virtual time goes on to where it would be given up
        assert late.status_code == 200
        seen += reader.read()
        assert [data["sequence_number"] for _, data in seen] == list(range(len(seen)))
        told = events_of(late.content)
        assert [name for name, _ in told][: len(seen) - 1] == [name for name, _ in seen][: len(seen) - 1]


def test_late_reader_hears_the_same() -> None:
    with outside() as (at, somebody):
        reader = Reader(at, "/responses", {"model": "gpt-4o", "input": QUESTION, "stream": True, "background": True})
        somebody.says("It is", PARIS)
        seen = reader.read()
        assert reader.stream.next_at is None
        response_id = seen[0][1]["response"]["id"]
        later = events_of(at.raw("GET", f"/responses/{response_id}?stream=true").content)
        assert [name for name, _ in later] == [name for name, _ in seen]
        assert [data.get("delta") for _, data in later] == [data.get("delta") for _, data in seen]
        assert later[-1] == seen[-1]


def test_stream_of_a_failed_response_ends() -> None:
    with outside() as (at, somebody):
        reader = Reader(at, "/responses", {"model": "gpt-4o", "input": QUESTION, "stream": True})
        somebody.says("It is Par", Answer(failure=o.LastError("server_error", "Gone.")))
        seen = reader.read()
        assert seen[-1][0] == "response.failed"
        assert seen[-1][1]["response"]["error"] == {"code": "server_error", "message": "Gone."}
        assert [data["sequence_number"] for _, data in seen] == list(range(len(seen)))


def test_response_that_nobody_answers_fails() -> None:
    with outside() as (at, _):
        reader = Reader(at, "/responses", {"model": "gpt-4o", "input": QUESTION})
        at.wait(601)
        (body,) = reader.stream.read(at.service.clock.now())
        assert (json.loads(body)["status"], json.loads(body)["error"]["code"]) == ("failed", "server_error")


def test_response_in_the_background_can_be_cancelled() -> None:
    with outside() as (at, somebody):
        response = at.client.responses.create(model="gpt-4o", input=QUESTION, background=True)
        asked = somebody.asked
        assert response.status == "queued"
        somebody.says(Started())
        assert at.client.responses.retrieve(response.id).status == "in_progress"
        assert at.client.responses.cancel(response.id).status == "cancelled"
        assert not somebody.says(PARIS, asked=asked)


def test_response_that_is_not_to_be_stored_is_not_stored() -> None:
    with outside() as (at, somebody):
        reader = Reader(at, "/responses", {"model": "gpt-4o", "input": QUESTION, "store": False})
        asked = somebody.asked
        somebody.says(PARIS)
        (body,) = reader.stream.read(at.service.clock.now())
        assert json.loads(body)["status"] == "completed"
        assert [at.service.engine.store.get(one) for one in (asked.id, json.loads(body)["id"])] == [None, None]


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("stored", [True, False])
def test_answer_that_nobody_can_see_is_not_waited_for(stored: bool, stream: bool) -> None:
    with outside() as (at, somebody):
        reader = Reader(at, "/responses", {"model": "gpt-4o", "input": QUESTION, "store": stored, "stream": stream})
        reader.stream.read(at.service.clock.now())
        somebody.says("It is")
        reader.stream.close()  # type: ignore[attr-defined]
        assert bool(somebody.engine.questions.pending) is stored
        assert len(somebody.engine.store.unfinished()) == stored


def test_earlier_tool_calls_are_passed_on() -> None:
    with outside() as (at, somebody):
        conversation = at.client.conversations.create(
            items=[
                {"role": "user", "content": "The weather in Paris?"},
                {"type": "function_call", "call_id": "call_1", "name": "get_weather", "arguments": "{}"},
                {"type": "function_call_output", "call_id": "call_1", "output": "Sunny."},
                {"role": "assistant", "content": "Sunny."},
            ]
        ).id
        at.client.responses.create(model="gpt-4o", input="And now?", conversation=conversation, background=True)
        turns = somebody.asked.prompt.turns
        assert [(turn.role, [one.output for one in turn.before]) for turn in turns] == [
            ("user", []),
            ("assistant", ["Sunny."]),
            ("user", []),
        ]

"""Every reply has the shape that the API's description and the SDK's models give it: no field more, none less."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import pytest

from tests.threadlab.conformance import checking, journeys, response_journeys
from tests.threadlab.conformance.checking import ROUTES
from tests.threadlab.engine.desk import Desk, Exchange, desk, events_of

NEEDS_OPENAPI = pytest.mark.skipif(not checking.OPENAPI.exists(), reason=checking.ABSENT)


@pytest.fixture(scope="module")
def replies() -> dict[str, list[Exchange]]:
    """What each operation answered, each body once."""
    seen: dict[str, dict[bytes, Exchange]] = defaultdict(dict)

    def note(one: Desk) -> None:
        for exchange in one.recorder.exchanges:
            if exchange.status == 200:
                seen[exchange.operation][exchange.body] = exchange

    with desk() as one:
        for journey in (*journeys.JOURNEYS, *response_journeys.JOURNEYS):
            journey(one)
        note(one)
    for scenario in journeys.ENDS:
        with desk(scenario=scenario) as one:
            journeys.ends(one)
            response_journeys.ends(one)
            note(one)
    return {name: list(bodies.values()) for name, bodies in seen.items()}


RAW = {"downloadFile"}
"""Operations whose reply is not JSON."""


@pytest.mark.parametrize("operation", sorted(set(ROUTES) - RAW))
def test_reply_fits_the_models_of_the_sdk(replies: dict[str, list[Exchange]], operation: str) -> None:
    assert replies.get(operation), "no journey uses this operation"
    for exchange in replies[operation]:
        checking.check_reply_sdk(operation, exchange.json)


@NEEDS_OPENAPI
@pytest.mark.parametrize("operation", sorted(set(ROUTES) - RAW))
def test_reply_fits_the_description(replies: dict[str, list[Exchange]], operation: str) -> None:
    assert replies.get(operation), "no journey uses this operation"
    for exchange in replies[operation]:
        checking.check_reply_openapi(operation, exchange.json)


@NEEDS_OPENAPI
def test_every_operation_is_in_the_description() -> None:
    described = {
        operation["operationId"]
        for item in checking.document()["paths"].values()
        for operation in item.values()
        if "operationId" in operation
    }
    assert described >= set(ROUTES)


def test_checker_refuses_a_wrong_reply() -> None:
    with desk() as one:
        good = one.threads.create()
        body = one.recorder.exchanges[-1].json
    checking.check_sdk("thread", body)
    for bad in ({**body, "extra": 1}, {**body, "created_at": "1"}, {key: value for key, value in body.items() if key != "created_at"}):
        with pytest.raises(ValueError, match=r"created_at|extra"):
            checking.check_sdk("thread", bad)
    assert good.id == body["id"]


# ---- streams ----------------------------------------------------------------------------------------------------------------------------


def streams() -> Iterator[tuple[str, object]]:
    """The events of runs that end in every way."""
    for scenario in ("", "run_failed", "run_incomplete", "run_expired", "stuck", "replies:2"):
        with desk(scenario=scenario) as one:
            thread_id = one.thread("What is the capital of France?")
            body = {"assistant_id": one.assistant_id, "stream": True}
            yield from events_of(one.raw("POST", f"/threads/{thread_id}/runs", body).read())
    with desk(responder="echo") as one:
        body = {"assistant_id": one.assistant_id, "stream": True, "max_completion_tokens": 256}
        yield from events_of(one.raw("POST", f"/threads/{one.thread('word ' * 1000)}/runs", body).read())
    with desk() as one:
        body = {
            "assistant_id": one.assistant_id,
            "stream": True,
            "tools": [journeys.WEATHER],
            "thread": {"messages": [{"role": "user", "content": "What is the weather in Paris?"}]},
        }
        events = events_of(one.raw("POST", "/threads/runs", body).read())
        yield from events
        run = events[-2][1]
        calls = run["required_action"]["submit_tool_outputs"]["tool_calls"]
        outputs = {"stream": True, "tool_outputs": [{"tool_call_id": call["id"], "output": "Sunny."} for call in calls]}
        yield from events_of(one.raw("POST", f"/threads/{run['thread_id']}/runs/{run['id']}/submit_tool_outputs", outputs).read())


def test_event_fits_the_models_of_the_sdk() -> None:
    names = set()
    for name, data in streams():
        names.add(name)
        if name != "done":
            checking.check_sdk("event", {"event": name, "data": data})
    assert {
        "thread.created",
        "thread.message.delta",
        "thread.run.step.delta",
        "thread.run.requires_action",
        "thread.message.incomplete",
    } <= names

"""The event table: each event, and the order that a stream must keep to."""

from __future__ import annotations

from typing import Any

import openai
import pytest

from tests.threadlab.engine.desk import WEATHER, Desk, desk, events_of

FRANCE = "What is the capital of France?"
PARIS = "The capital of France is Paris."


def stream(at: Desk, question: str = FRANCE, **options: Any) -> list[tuple[str, Any]]:
    body = {"assistant_id": at.assistant_id, "stream": True, **options}
    return events_of(at.raw("POST", f"/threads/{at.thread(question)}/runs", body).read())


def names(events: list[tuple[str, Any]]) -> list[str]:
    return [name for name, _ in events]


def squeezed(events: list[tuple[str, Any]]) -> list[str]:
    """Names, deltas in a row told once."""
    found = names(events)
    return [name for index, name in enumerate(found) if index == 0 or not (name.endswith("delta") and found[index - 1] == name)]


WHOLE = [
    "thread.run.created",
    "thread.run.queued",
    "thread.run.in_progress",
    "thread.run.step.created",
    "thread.run.step.in_progress",
    "thread.message.created",
    "thread.message.in_progress",
    "thread.message.delta",
    "thread.message.completed",
    "thread.run.step.completed",
    "thread.run.completed",
    "done",
]


def test_events_come_in_the_order_of_the_description() -> None:
    with desk() as at:
        assert squeezed(stream(at)) == WHOLE


def test_thread_created_is_the_first_event() -> None:
    with desk() as at:
        body = {"assistant_id": at.assistant_id, "stream": True, "thread": {"messages": [{"role": "user", "content": FRANCE}]}}
        events = events_of(at.raw("POST", "/threads/runs", body).read())
        assert squeezed(events) == ["thread.created", *WHOLE]
        assert events[0][1]["id"] == events[1][1]["thread_id"]


def test_deltas_add_up_to_the_whole() -> None:
    with desk() as at:
        events = stream(at)
        deltas = [data for name, data in events if name == "thread.message.delta"]
        assert "".join(delta["delta"]["content"][0]["text"]["value"] for delta in deltas) == PARIS
        completed = dict(events)["thread.message.completed"]
        assert completed["content"][0]["text"]["value"] == PARIS
        assert {delta["id"] for delta in deltas} == {completed["id"]}
        assert len(deltas) == 6


def test_stream_ends_when_action_is_required() -> None:
    with desk() as at:
        events = stream(at, "What is the weather in Paris?", tools=[WEATHER])
        assert squeezed(events)[3:] == [
            "thread.run.step.created",
            "thread.run.step.in_progress",
            "thread.run.step.delta",
            "thread.run.requires_action",
            "done",
        ]
        run = events[-2][1]
        (call,) = run["required_action"]["submit_tool_outputs"]["tool_calls"]
        outputs = {"stream": True, "tool_outputs": [{"tool_call_id": call["id"], "output": "Sunny."}]}
        again = events_of(at.raw("POST", f"/threads/{run['thread_id']}/runs/{run['id']}/submit_tool_outputs", outputs).read())
        assert squeezed(again)[:4] == [
            "thread.run.step.completed",
            "thread.run.queued",
            "thread.run.in_progress",
            "thread.run.step.created",
        ]
        assert squeezed(again)[-2:] == ["thread.run.completed", "done"]


def test_arguments_of_a_call_come_in_pieces_that_add_up() -> None:
    """Official reference of the stream's events: a step begins without calls, a call without arguments."""
    with desk() as at:
        events = stream(at, "What is the weather in Paris and Rome?", tools=[WEATHER])
        begun = [data for name, data in events if name in ("thread.run.step.created", "thread.run.step.in_progress")]
        assert [step["step_details"] for step in begun] == [{"type": "tool_calls", "tool_calls": []}] * 2
        parts = [part for name, data in events if name.endswith("delta") for part in data["delta"]["step_details"]["tool_calls"]]
        run = events[-2][1]
    for index, call in enumerate(run["required_action"]["submit_tool_outputs"]["tool_calls"]):
        first, *rest = [part for part in parts if part["index"] == index]
        function = {"name": "get_weather", "arguments": "", "output": None}
        assert first == {"index": index, "id": call["id"], "type": "function", "function": function}
        assert "".join(part["function"]["arguments"] for part in rest) == call["function"]["arguments"]
        assert {frozenset(part) for part in rest} == {frozenset({"index", "type", "function"})}
        assert len(rest) > 1


@pytest.mark.parametrize(
    ("scenario", "last"),
    [("run_failed", "thread.run.failed"), ("run_incomplete", "thread.run.incomplete"), ("stuck", "thread.run.expired")],
)
def test_every_end_of_a_run_is_told_by_its_stream(scenario: str, last: str) -> None:
    with desk(scenario=scenario) as at:
        assert names(stream(at))[-2:] == [last, "done"]


def test_cut_message_is_told_as_incomplete() -> None:
    with desk(responder="echo") as at:
        events = stream(at, "word " * 1000, max_completion_tokens=256)
        tail = squeezed(events)[-4:]
        assert tail == ["thread.message.incomplete", "thread.run.step.completed", "thread.run.incomplete", "done"]
        message = dict(events)["thread.message.incomplete"]
        told = "".join(data["delta"]["content"][0]["text"]["value"] for name, data in events if name == "thread.message.delta")
        assert told == message["content"][0]["text"]["value"]
        assert message["incomplete_details"] == {"reason": "max_tokens"}


def during(at: Desk, act: Any, options: dict[str, Any] | None = None, question: str = FRANCE) -> list[tuple[str, Any]]:
    """A stream during which `act(thread_id, run_id)` happens after the first delta."""
    body = {"assistant_id": at.assistant_id, "stream": True, **(options or {})}
    thread_id = at.thread(question)
    text = b""
    acted = False
    with at.http.stream(
        "POST",
        f"/threads/{thread_id}/runs",
        json=body,
        headers={"authorization": f"Bearer {at.service.key}", "openai-beta": "assistants=v2"},
    ) as response:
        for chunk in response.iter_raw():
            text += chunk
            if not acted and b"message.delta" in text:
                acted = True
                act(thread_id, events_of(text)[0][1]["id"])
    assert acted
    return events_of(text)


def test_stream_tells_cancelling_then_cancelled() -> None:
    with desk() as at:
        events = during(at, lambda thread_id, run_id: at.threads.runs.cancel(run_id, thread_id=thread_id))
        ending = squeezed(events)
        assert "thread.run.cancelling" in ending
        assert ending[-4:] == ["thread.message.incomplete", "thread.run.step.cancelled", "thread.run.cancelled", "done"]
        told = "".join(data["delta"]["content"][0]["text"]["value"] for name, data in events if name == "thread.message.delta")
        assert told == dict(events)["thread.message.incomplete"]["content"][0]["text"]["value"]


def test_stream_survives_the_deletion_of_its_thread() -> None:
    with desk() as at:
        events = during(at, lambda thread_id, run_id: at.threads.delete(thread_id))
        assert names(events)[-1] == "done"
        assert "thread.run.completed" not in names(events)


def test_failed_and_expired_steps_are_told() -> None:
    """A step that was open when its run ended badly ends with it."""
    with desk() as at:
        run = at.finished(at.thread("What is the weather in Paris?"), tools=[WEATHER], seconds=700)
        (step,) = at.threads.runs.steps.list(run.id, thread_id=run.thread_id).data
        assert (run.status, step.status) == ("expired", "expired")
        assert step.expired_at == run.created_at + 600


def test_client_that_goes_away_ends_the_run() -> None:
    with desk() as at:
        thread_id = at.thread(FRANCE)
        with at.threads.runs.stream(thread_id=thread_id, assistant_id=at.assistant_id) as events:
            next(iter(events))
        at.wait(10)
        assert at.threads.runs.list(thread_id).data[0].status == "completed"
        assert at.texts(thread_id)[-1] == PARIS


def test_stream_begins_when_its_run_does() -> None:
    """Words come while the run works, not all at its end."""
    with desk() as at:
        clock, times = at.service.clock, []
        begun = clock.now()
        with at.threads.runs.stream(thread_id=at.thread(FRANCE), assistant_id=at.assistant_id) as events:
            times = [clock.now() - begun for event in events if event.event == "thread.message.delta"]
        assert times == sorted(times)
        assert 0.4 < times[0] < times[-1] < 2.2
        assert len(set(times)) == len(times)


def test_helper_of_the_sdk_reads_the_stream() -> None:
    with desk() as at, at.threads.runs.stream(thread_id=at.thread(FRANCE), assistant_id=at.assistant_id) as events:
        assert "".join(events.text_deltas) == PARIS
        assert [message.status for message in events.get_final_messages()] == ["completed"]
        assert [step.type for step in events.get_final_run_steps()] == ["message_creation"]


async def _asynchronously(at: Desk) -> str:
    client = at.service.async_client()
    async with client.beta.threads.runs.stream(thread_id=at.thread(FRANCE), assistant_id=at.assistant_id) as events:
        return "".join([text async for text in events.text_deltas])


def test_asynchronous_helper_of_the_sdk_reads_the_stream() -> None:
    import asyncio

    with desk() as at:
        assert asyncio.run(_asynchronously(at)) == PARIS


def test_broken_stream_is_an_error_of_the_connection() -> None:
    with desk(scenario="stream_cut:9") as at:
        thread_id = at.thread(FRANCE)
        with (
            pytest.raises((openai.APIError, Exception), match="reset"),
            at.threads.runs.stream(thread_id=thread_id, assistant_id=at.assistant_id) as events,
        ):
            list(events)
        at.wait(10)
        assert at.texts(thread_id)[-1] == PARIS

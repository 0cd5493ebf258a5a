"""The events of a response: their order, their numbers, and that they add up."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from tests.threadlab.conformance import checking
from tests.threadlab.conformance.journeys import REFUNDS
from tests.threadlab.conformance.response_journeys import WEATHER
from tests.threadlab.engine.desk import Desk, desk, events_of

MODEL = "gpt-4o"
FRANCE = "What is the capital of France?"
PARIS = "The capital of France is Paris."
NEEDS_OPENAPI = pytest.mark.skipif(not checking.OPENAPI.exists(), reason=checking.ABSENT)


def stream(at: Desk, question: str = FRANCE, **options: Any) -> list[dict[str, Any]]:
    body = {"model": MODEL, "input": question, "stream": True, **options}
    found = events_of(at.raw("POST", "/responses", body, beta=False).read())
    assert all(name == data["type"] for name, data in found)
    return [data for _, data in found]


def kinds(events: list[dict[str, Any]]) -> list[str]:
    """Types, deltas in a row told once."""
    names = [event["type"].removeprefix("response.") for event in events]
    return [name for index, name in enumerate(names) if index == 0 or names[index - 1] != name]


TOLD = [
    "output_item.added",
    "content_part.added",
    "output_text.delta",
    "output_text.done",
    "content_part.done",
    "output_item.done",
]


def test_events_come_in_the_order_of_the_description() -> None:
    with desk() as at:
        assert kinds(stream(at)) == ["created", "in_progress", *TOLD, "completed"]
        assert kinds(stream(at, background=True)) == ["created", "queued", "in_progress", *TOLD, "completed"]


def test_deltas_add_up_to_the_whole() -> None:
    with desk() as at:
        events = stream(at)
        assert "".join(event["delta"] for event in events if event["type"].endswith("text.delta")) == PARIS
        assert events[-1]["response"]["output"][0]["content"][0]["text"] == PARIS
        assert [event["sequence_number"] for event in events] == list(range(len(events)))


def test_arguments_add_up_to_the_whole() -> None:
    with desk() as at:
        events = stream(at, "What is the weather in Paris and Madrid?", tools=[WEATHER])
        for index, item in enumerate(events[-1]["response"]["output"]):
            deltas = [one["delta"] for one in events if one["type"].endswith("arguments.delta") and one["output_index"] == index]
            assert "".join(deltas) == item["arguments"]


@pytest.mark.parametrize(("scenario", "last"), [("run_failed", "failed"), ("run_incomplete", "incomplete"), ("stuck", "failed")])
def test_every_end_of_a_run_is_told_by_its_stream(scenario: str, last: str) -> None:
    with desk(scenario=scenario) as at:
        events = stream(at)
        assert (kinds(events)[-1], events[-1]["response"]["status"]) == (last, last)


def test_words_come_one_by_one() -> None:
    with desk() as at:
        clock, begun = at.service.clock, at.service.clock.now()
        events = at.client.responses.create(model=MODEL, input=FRANCE, stream=True)
        times = [clock.now() - begun for event in events if event.type == "response.output_text.delta"]
        assert times == sorted(set(times))
        assert 0.4 < times[0] < times[-1] < 2.2


def every() -> Iterator[dict[str, Any]]:
    """The events of responses that end in every way."""
    for scenario in ("", "run_failed", "run_incomplete", "stuck", "replies:2"):
        with desk(scenario=scenario) as at:
            yield from stream(at, background=True)
    with desk() as at:
        yield from stream(at, "What is the weather in Paris?", tools=[WEATHER])
        file = at.client.files.create(file=("refunds.txt", REFUNDS.encode()), purpose="assistants")
        store = at.client.vector_stores.create(file_ids=[file.id])
        at.wait(2)
        yield from stream(at, "When are refunds paid?", tools=[{"type": "file_search", "vector_store_ids": [store.id]}])


def test_every_event_is_one_that_the_sdk_knows() -> None:
    seen = set()
    for event in every():
        seen.add(event["type"])
        known = {name: value for name, value in event.items() if name != "name"}  # described, but not in the SDK's model
        checking.check_sdk("response.event", known)
    assert {"response.queued", "response.output_text.annotation.added", "response.file_search_call.completed"} <= seen


@NEEDS_OPENAPI
def test_every_event_fits_the_description() -> None:
    for event in every():
        checking.check_openapi("#/components/schemas/ResponseStreamEvent", event)


# ---- picked up later ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wait", [0.0, 1.0, 1.5, 5.0])
def test_second_reader_of_a_stream_hears_the_same(wait: float) -> None:
    with desk() as at:
        made = at.client.responses.create(model=MODEL, input=FRANCE, background=True)
        at.wait(wait)
        whole = events_of(at.raw("GET", f"/responses/{made.id}?stream=true", beta=False).read())
        rest = events_of(at.raw("GET", f"/responses/{made.id}?stream=true&starting_after=6", beta=False).read())
        assert rest == whole[7:]
        assert "".join(data["delta"] for name, data in whole if name.endswith("text.delta")) == PARIS


def test_broken_stream_can_be_picked_up() -> None:
    with desk(scenario="stream_cut:6@createResponse") as at:
        seen: list[Any] = []
        with pytest.raises(Exception, match=r"reset|Connection"):
            seen += at.client.responses.create(model=MODEL, input=FRANCE, background=True, stream=True)
        with at.service.client() as client:
            made = at.service.journal.requests("createResponse")[0].response_id
            later = list(client.responses.retrieve(made, stream=True, starting_after=5))
        assert later[0].sequence_number == 6
        assert later[-1].response.output_text == PARIS


def test_cancelled_response_ends_its_stream() -> None:
    with desk() as at:
        events = at.client.responses.create(model=MODEL, input=FRANCE, background=True, stream=True)
        names = []
        for event in events:
            names.append(event.type)
            if event.type == "response.output_text.delta":
                at.client.responses.cancel(at.service.journal.requests("createResponse")[0].response_id)
        assert names[-1] == "response.output_text.delta"
        assert names.count("response.output_text.delta") == 1


def test_helper_of_the_sdk_reads_the_stream() -> None:
    with desk() as at, at.client.responses.stream(model=MODEL, input=FRANCE) as events:
        text = "".join(event.delta for event in events if event.type == "response.output_text.delta")
        assert text == events.get_final_response().output_text == PARIS


def test_asynchronous_helper_of_the_sdk_reads_the_stream() -> None:
    async def main(at: Desk) -> str:
        async with at.service.async_client().responses.stream(model=MODEL, input=FRANCE) as events:
            return (await events.get_final_response()).output_text

    with desk() as at:
        assert asyncio.run(main(at)) == PARIS


def test_answer_is_parsed_into_its_schema() -> None:
    from pydantic import BaseModel

    class Fact(BaseModel):
        answer: str

    with desk() as at:
        parsed = at.client.responses.parse(model=MODEL, input=FRANCE, text_format=Fact)
        assert parsed.output_parsed == Fact(answer=PARIS)

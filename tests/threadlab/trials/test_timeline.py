"""The timeline as a table and as a picture."""

import asyncio
import re
import xml.etree.ElementTree as ET
from functools import cache
from pathlib import Path
from typing import Any

import openai
import pytest

from courseware import race
from threadlab import Service
from threadlab.trials import timeline
from threadlab.trials.explore import explore
from threadlab.trials.timeline import Timeline
from threadlab.trials.trial import ASYNC_CLIENT, CLIENT, ON_TEXT, Evidence, World, trial

PICTURE = Path(__file__).resolve().parents[3] / "lessons" / "images" / "race.svg"
SVG = "{http://www.w3.org/2000/svg}"


@cache
def world() -> World:
    return World(race.five_messages)


def run(function: Any, *more: Any, client: Any = ASYNC_CLIENT, scenario: str | None = None) -> Evidence:
    here = World(race.five_messages, scenario=scenario) if scenario else world()
    assert here.given is not None
    return trial(function, client, *here.given, *more, world=here)


async def confirmed(client: Any, thread_id: str, assistant_id: str, text: str) -> str:
    await client.beta.threads.messages.create(thread_id, role="user", content=text)
    created = await client.beta.threads.runs.create_and_poll(thread_id=thread_id, assistant_id=assistant_id)
    return str(created.status)


def rows(evidence: Evidence) -> list[timeline.Row]:
    return Timeline(evidence).rows


# ---- the table --------------------------------------------------------------------------------------------------------------------------


def test_held_reply_is_shown_after_its_response_has_ended() -> None:
    def ask(client: Any, conversation_id: str, later: bool) -> str:
        return str(client.responses.create(model="gpt-4o", conversation=conversation_id, input="Hello", background=later).status)

    here = World(lambda client: client.conversations.create().id)
    for later, first in ((False, "in_progress"), (True, "queued")):
        shown = rows(trial(ask, CLIENT, here.given, later, world=here))
        arrival = next(row for row in shown if "create response" in row.code)
        assert (arrival.state, "comes when it is done" in arrival.code) == (first, not later)
        assert arrival.run.endswith("reads 1 item")
        assert [row.state for row in shown].count("in_progress") == (0 if later else 1)


def test_what_a_run_did_by_itself_comes_after_the_poll_that_learned_of_it() -> None:
    moments = [row.at for row in rows(run(confirmed, "And Italy?"))]
    assert moments == sorted(moments)
    assert moments[0] == 0.0


def test_run_is_shown_with_the_number_of_messages_it_reads() -> None:
    seen, missed = race.outcomes()
    assert [row.run for row in rows(seen) if "reads" in row.run] == ["queued, reads 6 messages"]
    assert [row.run for row in rows(missed) if "reads" in row.run] == ["queued, reads 5 messages"]


def test_request_in_flight_is_shown_until_it_arrives() -> None:
    _, missed = race.outcomes()
    both = [row.in_flight for row in rows(missed)]
    assert ("create run", "create message") in both
    assert both[-1] == ()
    sent = [row.sent for row in rows(missed) if row.sent is not None]
    assert set(sent) <= {row.arrived for row in rows(missed)}


def test_refusal_is_shown_with_its_reason() -> None:
    _, missed = race.outcomes()
    refused = [row for row in rows(missed) if row.refused]
    assert [(row.code, row.thread) for row in refused] == [
        ("reply to create message: 400", "refused: a run is active"),
        ("An error that was never looked at: a run is active", ""),
    ]


def test_turn_is_shown_with_its_labels() -> None:
    text = Timeline(run(confirmed, "And Italy?")).text()
    assert all(f"{label}: " in text for label in ("send", "run", "wait"))


def test_polls_that_say_the_same_share_a_line() -> None:
    async def slow(client: Any, thread_id: str, assistant_id: str) -> None:
        created = await client.beta.threads.runs.create(thread_id, assistant_id=assistant_id)
        while created.status in ("queued", "in_progress"):
            await asyncio.sleep(0.1)
            created = await client.beta.threads.runs.retrieve(created.id, thread_id=thread_id)

    assert len(rows(run(slow))) < 10
    assert "(×" in Timeline(run(slow)).text()


def test_synchronous_code_is_shown() -> None:
    def plain(client: Any, thread_id: str, assistant_id: str) -> str:
        return str(client.beta.threads.messages.create(thread_id, role="user", content="And Italy?").role)

    assert [(row.code, row.thread) for row in rows(run(plain, client=CLIENT))] == [
        ("send: create message: 200", "stored: “And Italy?”"),
        ("returns “user”", ""),
    ]


def test_one_call_whose_reply_is_lost_is_drawn_as_one_request_and_a_broken_reply() -> None:
    def once(client: Any, thread_id: str, assistant_id: str) -> None:
        client.beta.threads.messages.create(thread_id, role="user", content="And Italy?")

    seen = rows(run(once, client=CLIENT, scenario="reply_lost@createMessage#1"))
    assert [row.code for row in seen][:-1] == ["send: create message", "no reply arrives", "again, send: create message: 200"]
    assert [row.broken for row in seen] == [False, True, False, False]


def test_words_of_a_stream_keep_their_spaces_and_stand_before_its_cut() -> None:
    def listen(client: Any, thread_id: str, assistant_id: str, on_text: Any) -> None:
        try:
            for event in client.beta.threads.runs.create(thread_id, assistant_id=assistant_id, stream=True):
                if event.event == "thread.message.delta":
                    on_text(event.data.delta.content[0].text.value)
        except openai.APIConnectionError:
            pass

    world = World(race.five_messages, scenario="stream_cut:9@createRun#1")
    assert world.given is not None
    codes = [row.code.replace("\u00a0", " ") for row in rows(trial(listen, CLIENT, *world.given, ON_TEXT, world=world))]
    assert codes.index("on_text(“ capital”)") < codes.index("the stream breaks off, after 9 events")


def test_lost_reply_is_told_from_a_reply() -> None:
    def once(client: Any, thread_id: str, assistant_id: str) -> None:
        client.with_options(max_retries=0).beta.threads.messages.create(thread_id, role="user", content="And Italy?")

    lost = rows(run(once, client=CLIENT, scenario="reply_lost@createMessage#1"))
    assert any(row.broken and "lost" in row.thread for row in lost)
    assert lost[-1].code.startswith("raises APIConnectionError")


def test_forgotten_await_and_task_are_shown() -> None:
    async def forgotten(client: Any, thread_id: str, assistant_id: str) -> None:
        client.beta.threads.messages.create(thread_id, role="user", content="And Italy?")

    async def left(client: Any, thread_id: str, assistant_id: str) -> None:
        asyncio.create_task(asyncio.sleep(1000))  # noqa: RUF006
        await asyncio.sleep(0)

    assert rows(run(forgotten))[-1].code == "Nothing awaited AsyncMessages.create: it was never sent"
    assert rows(run(left))[-1].code == "Nothing waited for sleep"


def test_two_threads_are_told_apart() -> None:
    async def both(client: Any, thread_id: str, assistant_id: str) -> None:
        other = await client.beta.threads.create(messages=[{"role": "user", "content": "What is the capital of Italy?"}])
        runs = client.beta.threads.runs
        await asyncio.gather(*(runs.create_and_poll(thread_id=one, assistant_id=assistant_id) for one in (thread_id, other.id)))

    shown = [row.run for row in rows(run(both)) if row.run]
    assert {line[:3] for line in shown} == {"A: ", "B: "}


def test_journal_alone_makes_a_timeline() -> None:
    with Service() as service:
        assert Timeline(service.journal).rows == []
        assert "time" in Timeline(service.journal).text()
        ET.fromstring(Timeline(service.journal).svg())
        service.client().beta.threads.create()
        assert [row.code for row in Timeline(service.journal).rows] == ["create thread: 200"]


def test_columns_of_the_table_are_straight() -> None:
    lines = Timeline(run(confirmed, "And Italy?")).text().splitlines()
    starts = [match.start() for match in re.finditer("─+", lines[1])]
    assert len(starts) == 5
    for line in lines[2:]:
        assert all(start == 0 or line[start - 2 : start].strip() == "" for start in starts), line


# ---- the picture ------------------------------------------------------------------------------------------------------------------------


def drawn() -> list[str]:
    seen, missed = race.outcomes()
    assert world().given is not None
    several = explore(confirmed, ASYNC_CLIENT, *(world().given or ()), "And <b>Italy</b> & “co”?", world=world())
    return [race.picture(), Timeline(seen, "A & B").svg(), Timeline(missed).svg(500), *(Timeline(one).svg() for one in several)]


def test_picture_is_xml_with_an_alternative() -> None:
    for svg in drawn():
        root = ET.fromstring(svg)
        assert root.get("role") == "img"
        assert root.findtext(f"{SVG}title")
        assert len(root.findtext(f"{SVG}desc") or "") > 40


def test_texts_stay_inside_the_picture_and_apart() -> None:
    for svg in drawn():
        root = ET.fromstring(svg)
        width, height = float(root.get("width", 0)), float(root.get("height", 0))
        boxes: list[tuple[float, float, float, str]] = []
        for text in root.iter(f"{SVG}text"):
            x, y, said = float(text.get("x", 0)), float(text.get("y", 0)), text.text or ""
            boxes.append((x, y, x + len(said) * 6.2, said))
            assert 0 <= y <= height, said
            assert x < width, said
        for index, (left, y, right, said) in enumerate(boxes):
            for other_left, other_y, other_right, other in boxes[index + 1 :]:
                assert abs(y - other_y) > 11 or right <= other_left + 8 or other_right <= left + 8, (said, other)


def test_outcome_is_told_by_more_than_colour() -> None:
    """Take the colours away: the words and the shapes still say which is which."""
    svg = race.picture()
    words = " ".join(text.text or "" for text in ET.fromstring(svg).iter(f"{SVG}text"))
    assert "The run sees the correction." in words
    assert "The correction is lost" in words
    assert "refused:" in words
    assert svg.count('class="tl-good"') == 1
    assert svg.count('class="tl-bad"') == 3  # the refusal, the unseen error, the verdict


def test_picture_has_colours_for_the_dark() -> None:
    assert "prefers-color-scheme: dark" in race.picture()


def test_picture_in_the_readme_is_up_to_date() -> None:
    assert PICTURE.read_text(encoding="utf-8") == race.picture(), "draw it again: python -m courseware.race lessons/images/race.svg"


def test_notebook_shows_the_picture_with_its_table() -> None:
    shown = Timeline(race.outcomes()[1], "The run arrives first")._repr_mimebundle_()
    assert shown["text/plain"].splitlines()[0].split() == ["time", "code", "in", "flight", "thread", "run"]
    assert re.search(r'<img [^>]*alt="The run arrives first: \d+ moments\. A run reads 5 messages\.[^"]+"', shown["text/html"])
    assert "<details><summary>The same as a table</summary><table>" in shown["text/html"]
    assert "<style" not in shown["text/html"]  # it would leak into the page


def test_command_without_a_file_name_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert race.main([]) == 2
    assert race.main(["--help"]) == 2
    assert "usage" in capsys.readouterr().err
    assert race.main([str(tmp_path / "race.svg")]) == 0
    assert (tmp_path / "race.svg").read_bytes().startswith(b"<svg ")

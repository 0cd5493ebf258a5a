"""`threadlab drift`: what is in a recording, held to what this service says."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.threadlab.drift.recorded import everything, written
from tests.threadlab.drift.test_shapes import changes
from threadlab.drift.command import main
from threadlab.drift.replay import Finding, Replay
from threadlab.recording import exchanges
from threadlab.recording.exchanges import Content, Event, Exchange


def drift(folder: Path, recorded: list[Exchange] | tuple[Exchange, ...]) -> list[Finding]:
    return list(Replay().findings(exchanges.read(written(folder / "recording.jsonl", recorded))))


def test_recording_of_this_service_has_no_drift(tmp_path: Path) -> None:
    replay = Replay()
    assert list(replay.findings(exchanges.read(written(tmp_path / "r.jsonl", everything())))) == []
    assert (replay.compared, replay.left_out) == (len(everything()), [])


CHANGES: dict[str, tuple[Callable[[Exchange], Exchange], str]] = {
    "status": (lambda one: msgspec.structs.replace(one, status=404), "status"),
    "body that is no JSON": (lambda one: msgspec.structs.replace(one, reply=Content(text="Hello"), events=None), "$"),
    "stream in place of a body": (lambda one: msgspec.structs.replace(one, reply=None, events=[Event(0.0, None, "[DONE]")]), ""),
}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_change_in_any_line_is_found_there(tmp_path: Path, data: st.DataObject) -> None:
    """Of the lines up to the changed one, that one alone is named, with the place."""
    whole = everything()
    index = data.draw(st.integers(0, len(whole) - 1), label="line")
    one = whole[index]
    if one.reply is not None and isinstance(one.reply.json, dict):
        choices = [change for change in changes(one.reply.json) if "odd word" not in change[0]]
        _, other, at = data.draw(st.sampled_from(choices), label="change")
        wrong = msgspec.structs.replace(one, reply=Content(json=other))
    else:
        change, at = CHANGES["status"]
        wrong = change(one)
    found = drift(tmp_path, [*whole[:index], wrong])
    assert {finding.line for finding in found} == {index + 2}
    assert all(finding.request == f"{one.method} {one.path}" for finding in found)
    assert any(at.startswith(finding.at) or finding.at.startswith(at) for finding in found)


@pytest.mark.parametrize("what", CHANGES)
def test_change_of_a_whole_reply_is_found(tmp_path: Path, what: str) -> None:
    change, at = CHANGES[what]
    first = everything()[0]
    (found,) = drift(tmp_path, [change(first)])
    assert found.line == 2
    assert found.at == (at or "$")


def streamed() -> tuple[int, Exchange]:
    return next((index, one) for index, one in enumerate(everything()) if one.events and one.events[0].name == "thread.created")


@pytest.mark.parametrize(
    ("change", "at"),
    [
        (lambda events: [*events[:2], *events[3:]], "events[2]"),
        (lambda events: [events[1], events[0], *events[2:]], "events[0]"),
        (lambda events: events[:-1], "events[-1]"),
        (lambda events: [*events[:4], Event(0.0, "thread.run.pondering", {}), *events[4:]], "events[4]"),
    ],
)
def test_order_of_events_is_compared(tmp_path: Path, change: Any, at: str) -> None:
    index, one = streamed()
    assert one.events is not None
    found = drift(tmp_path, [*everything()[:index], msgspec.structs.replace(one, events=change(one.events))])
    assert [(finding.line, finding.kind) for finding in found] == [(index + 2, "order")]
    assert found[0].at == at.replace("-1", str(len(one.events) - 1))


def test_number_of_words_in_a_stream_is_no_drift(tmp_path: Path) -> None:
    index, one = streamed()
    assert one.events is not None
    delta = next(event for event in one.events if event.name == "thread.message.delta")
    at = one.events.index(delta)
    longer = [*one.events[:at], delta, delta, *one.events[at:]]
    assert drift(tmp_path, [*everything()[:index], msgspec.structs.replace(one, events=longer)]) == []


def test_change_within_an_event_is_found(tmp_path: Path) -> None:
    index, one = streamed()
    assert one.events is not None
    first = one.events[0]
    changed = [Event(first.at, first.name, {**first.data, "created_at": "now"}), *one.events[1:]]
    (found,) = drift(tmp_path, [*everything()[:index], msgspec.structs.replace(one, events=changed)])
    assert (found.at, found.kind) == ("events[0].data.created_at", "type")


def test_what_cannot_be_compared_is_told_with_its_reason(tmp_path: Path) -> None:
    first = everything()[0]
    batch = Content(json={"id": "batch_0123456789", "object": "batch"})
    unknown = msgspec.structs.replace(first, path="/batches", reply=batch)
    follows = Exchange(1.0, "GET", "/threads/batch_0123456789", 200, 0.0, reply=batch)
    limited = msgspec.structs.replace(first, status=429)
    replay = Replay()
    assert list(replay.findings(exchanges.read(written(tmp_path / "r.jsonl", [first, unknown, follows, limited])))) == []
    assert [(one.line, one.why) for one in replay.left_out] == [
        (3, "this service does not have the operation"),
        (4, "nothing here stands for batch_0123456789, which an earlier reply had"),
        (5, "status 429 was a moment's trouble of the endpoint"),
    ]


def drifted(tmp_path: Path) -> Path:
    first = everything()[0]
    assert first.reply is not None
    return written(tmp_path / "r.jsonl", [msgspec.structs.replace(first, reply=Content(json={**first.reply.json, "odd": 1}))])


def test_report_names_line_and_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(drifted(tmp_path), as_json=False) == 1
    assert capsys.readouterr().out == (
        "line 2, POST /assistants: $.odd: the field was recorded, and it is not there here\n"
        "1 of 1 exchanges with http://threadlab.invalid/v1 were compared: 1 difference in shape.\n"
    )


def test_report_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(drifted(tmp_path), as_json=True) == 1
    report = json.loads(capsys.readouterr().out)
    assert (report["exchanges"], report["compared"], report["left_out"], report["torn_line"]) == (1, 1, [], None)
    sentence = "the field was recorded, and it is not there here"
    assert report["drift"] == [{"line": 2, "request": "POST /assistants", "at": "$.odd", "kind": "field", "sentence": sentence}]


def command(file: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "threadlab", "drift", str(file)], capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is not a recording"),
        ("hello\n", "is not a recording"),
        ('{"recording":9,"of":"upstream","url":"http://127.0.0.1/v1"}\n', "has the format 9"),
        ('{"recording":1,"of":"upstream","url":"http://127.0.0.1/v1"}\n{"at":\n{}\n', "Line 2 of the recording"),
        ('{"recording":1,"of":"upstream","url":"http://127.0.0.1/v1"}\n', "Nothing in"),
        (None, "cannot be read"),
    ],
)
def test_unreadable_recording_is_a_sentence(tmp_path: Path, text: str | None, words: str) -> None:
    file = tmp_path / "r.jsonl"
    if text is not None:
        file.write_text(text)
    done = command(file)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_torn_last_line_is_told_and_left_out(tmp_path: Path) -> None:
    file = written(tmp_path / "r.jsonl", everything()[:3])
    file.write_bytes(file.read_bytes()[:-40])
    done = command(file)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (
        0,
        "2 of 2 exchanges with http://threadlab.invalid/v1 were compared: 0 differences in shape.",
    )
    assert f"Line 4 of {file} is damaged" in done.stderr

"""The file of a recording: what is in it, what never is, and what a kill leaves of it."""

from __future__ import annotations

import asyncio
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.threadlab.responders.serving import KEY, Endpoint, says, streams
from threadlab.errors import ThreadlabError
from threadlab.recording import exchanges
from threadlab.recording.event_stream import Events, encoded
from threadlab.recording.exchanges import FORMAT, Exchange, Heading
from threadlab.recording.player import ReplayTransport
from threadlab.recording.recorder import Recorder, RecordingTransport


def heading(url: str = "http://127.0.0.1:1/v1") -> Heading:
    return Heading(FORMAT, "upstream", url)


async def _nothing(seconds: float) -> None:
    pass


def asked(file: Path, endpoint: Endpoint, *bodies: Any, path: str = "/threads", headers: dict[str, str] | None = None) -> list[bytes]:
    """The replies to these bodies, which are recorded."""

    async def ask() -> list[bytes]:
        recorder = Recorder(file, heading(endpoint.url), [KEY])
        try:
            async with httpx2.AsyncClient(transport=RecordingTransport(recorder, endpoint.url)) as client:
                said = {"authorization": f"Bearer {KEY}", "api-key": KEY, **(headers or {})}
                return [(await client.post(endpoint.url + path, json=body, headers=said)).content for body in bodies]
        finally:
            recorder.close()

    return asyncio.run(ask())


def played(file: Path, *bodies: Any, path: str = "/threads", **options: Any) -> list[httpx2.Response]:
    async def ask() -> list[httpx2.Response]:
        async with httpx2.AsyncClient(transport=ReplayTransport(exchanges.read(file), _nothing)) as client:
            return [await client.post(exchanges.read(file).heading.url + path, json=body, **options) for body in bodies]

    return asyncio.run(ask())


def echo(handler: Any, body: Any) -> None:
    says(handler, 200, {"id": "thread_1", "said": body})


def test_no_key_is_ever_written(tmp_path: Path) -> None:
    file = tmp_path / "r.jsonl"
    other = "sk-proj-abcdefghijklmnop"
    with Endpoint(lambda handler, body: says(handler, 401, {"error": {"message": f"Incorrect API key: {KEY}"}})) as endpoint:
        asked(file, endpoint, {"text": f"My key is {other}."}, path=f"/threads?api-key={KEY[3:]}&limit=1")
    text = file.read_text()
    assert KEY not in text
    assert KEY[3:] not in text
    assert other not in text
    assert "authorization" not in text.lower()
    (line,) = exchanges.read(file).lines
    assert line.exchange.query == "api-key=…&limit=1"


@pytest.mark.skipif(os.name != "posix", reason="needs the modes of a POSIX system")
def test_file_is_its_owners_alone(tmp_path: Path) -> None:
    file = tmp_path / "r.jsonl"
    Recorder(file, heading()).close()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_request_is_answered_as_it_was_recorded(tmp_path: Path) -> None:
    file, count = tmp_path / "r.jsonl", iter(range(10))
    with Endpoint(lambda handler, body: says(handler, 200, {"n": next(count), "said": body})) as endpoint:
        asked(file, endpoint, {"a": 1, "b": 2}, {"a": 1, "b": 2}, {"a": 3})
    replies = played(file, {"b": 2, "a": 1}, {"a": 3}, {"a": 1, "b": 2}, {"a": 1, "b": 2})
    assert [reply.json()["n"] for reply in replies] == [0, 2, 1, 1]  # in the order of the recording, then the last one again


def test_request_that_was_not_recorded_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "r.jsonl"
    with Endpoint(echo) as endpoint:
        asked(file, endpoint, {"a": 1})
    (other,) = played(file, {"a": 2})
    (elsewhere,) = played(file, {"a": 1}, path="/assistants")
    assert (other.status_code, other.json()["error"]["code"]) == (404, "not_recorded")
    assert "r.jsonl does not hold this request (POST /threads): it was recorded with another body" in other.json()["error"]["message"]
    assert "not at all" in elsewhere.json()["error"]["message"]


def test_stream_is_kept_event_by_event(tmp_path: Path) -> None:
    file = tmp_path / "r.jsonl"
    with Endpoint(lambda handler, body: streams(handler, {"n": 1}, {"n": "é"}, "[DONE]")) as endpoint:
        (live,) = asked(file, endpoint, {})
    (line,) = exchanges.read(file).lines
    assert line.exchange.events is not None
    assert [event.data for event in line.exchange.events] == [{"n": 1}, {"n": "é"}, "[DONE]"]
    assert not line.exchange.cut
    (again,) = played(file, {})
    assert list(Events().take(again.content)) == list(Events().take(live))


@pytest.mark.parametrize("cut", [1, 7, 1000])
def test_events_are_read_whatever_portions_they_come_in(cut: int) -> None:
    said = [("thread.created", {"id": "é\n\n"}), (None, "[DONE]"), ("done", "two\nlines"), (None, "7")]
    data = b": a comment\r\n\r\n" + b"".join(encoded(name, value) for name, value in said)
    reader = Events()
    assert [event for at in range(0, len(data), cut) for event in reader.take(data[at : at + cut])] == said


def test_upload_is_found_whatever_its_boundary(tmp_path: Path) -> None:
    file = tmp_path / "r.jsonl"
    recorder = Recorder(file, heading())
    body = b'--one\r\nContent-Disposition: form-data; name="file"\r\n\r\n\xff\x00\r\n--one--\r\n'
    type_ = {"content-type": "multipart/form-data; boundary=one"}
    recorder.write(Exchange(0.0, "POST", "/files", 200, 0.0, "", type_, exchanges.content(body), {}, exchanges.content(b'{"id":"file-1"}')))
    recorder.close()

    async def ask() -> httpx2.Response:
        async with httpx2.AsyncClient(transport=ReplayTransport(exchanges.read(file), _nothing)) as client:
            headers = {"content-type": "multipart/form-data; boundary=two"}
            return await client.post("http://127.0.0.1:1/v1/files", content=body.replace(b"one", b"two"), headers=headers)

    assert asyncio.run(ask()).json() == {"id": "file-1"}


def test_recording_goes_on_where_it_was_torn(tmp_path: Path) -> None:
    file = tmp_path / "r.jsonl"
    with Endpoint(echo) as endpoint:
        asked(file, endpoint, {"a": 1}, {"a": 2})
        file.write_bytes(file.read_bytes()[:-30])
        torn = exchanges.read(file)
        assert (len(torn.lines), torn.torn) == (1, 3)
        asked(file, endpoint, {"a": 3})
    again = exchanges.read(file)
    assert again.torn is None
    assert [line.exchange.body.json for line in again.lines if line.exchange.body] == [{"a": 1}, {"a": 3}]


@pytest.mark.parametrize("text", ["a diary\n", "a diary", '{"recording":1,"of":"upstream","url":"https://api.openai.com/v1"}\n'])
def test_file_of_something_else_is_left_alone(tmp_path: Path, text: str) -> None:
    file = tmp_path / "r.jsonl"
    file.write_text(text)
    with pytest.raises(ThreadlabError, match=r"is not a recording|another endpoint"):
        Recorder(file, heading())
    assert file.read_text() == text
    file.unlink()
    Recorder(file, heading()).close()  # and nothing is left locked


def test_two_services_do_not_record_into_one_file(tmp_path: Path) -> None:
    first = Recorder(tmp_path / "r.jsonl", heading())
    with pytest.raises(ThreadlabError, match="Another service is recording"):
        Recorder(tmp_path / "r.jsonl", heading())
    first.close()
    Recorder(tmp_path / "r.jsonl", heading()).close()


WRITES = """
import sys
from pathlib import Path
from threadlab.recording.exchanges import FORMAT, Content, Exchange, Heading
from threadlab.recording.recorder import Recorder

recorder = Recorder(Path(sys.argv[1]), Heading(FORMAT, "upstream", "http://127.0.0.1:1/v1"))
for number in range(1_000_000):
    recorder.write(Exchange(0.0, "GET", f"/threads/{number}", 200, 0.0, reply=Content(json={"pad": "x" * 20_000})))
    print(number, flush=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="needs the signals of a POSIX system")
def test_kill_loses_at_most_the_last_line(tmp_path: Path) -> None:
    file = tmp_path / "r.jsonl"
    with subprocess.Popen([sys.executable, "-c", WRITES, str(file)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        written = 0
        while written < 20:
            written = int(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
        written = max([written, *(int(line) for line in process.stdout.read().split())])
    lines = exchanges.read(file).lines
    assert [line.exchange.path for line in lines][: written + 1] == [f"/threads/{number}" for number in range(written + 1)]

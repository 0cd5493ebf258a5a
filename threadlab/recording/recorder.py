"""A recording that grows: a transport of the HTTP library that passes everything on, and writes down what was asked and answered.

A line is written when an exchange is over, in one piece and at the end of the file, so that a kill can damage the last line at most. No key
is ever written: of the headers only a few are kept, and what looks like a key in a body or an address is replaced.
"""

import os
import re
import sys
import time
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import msgspec
from filelock import FileLock, Timeout

from threadlab.errors import ThreadlabError
from threadlab.recording import exchanges
from threadlab.recording.event_stream import Events, is_event_stream
from threadlab.recording.exchanges import Content, Event, Exchange, Heading

_REQUEST_HEADERS = frozenset({"content-type", "openai-beta"})
_REPLY_HEADERS = re.compile(
    r"content-type|retry-after(-ms)?|x-should-retry|openai-(processing-ms|poll-after-ms|version)|x-ratelimit-[\w-]+"
)
_OF_THE_CODING = frozenset({"content-encoding", "content-length", "transfer-encoding", "connection"})
_LIKE_A_KEY = re.compile(r"\bsk-[\w-]{8,}")
_KEY_IN_QUERY = re.compile(r"((?:^|&)(?:api[-_]?key|key|token|sig)=)[^&]*", re.IGNORECASE)
_SHORTEST_KEY = 8
_WASHED = "sk-…"


class Washer:
    """Takes keys out of what is written."""

    def __init__(self, keys: Iterable[str] = ()) -> None:
        self._keys = [key for key in keys if len(key) >= _SHORTEST_KEY]

    def text(self, text: str) -> str:
        for key in self._keys:
            text = text.replace(key, _WASHED)
        return _LIKE_A_KEY.sub(_WASHED, text)

    def body(self, data: bytes) -> bytes:
        try:
            return self.text(data.decode()).encode()
        except UnicodeDecodeError:
            for key in self._keys:
                data = data.replace(key.encode(), _WASHED.encode())
            return data

    def query(self, query: str) -> str:
        return _KEY_IN_QUERY.sub(r"\1…", self.text(query))


class Recorder:
    """The file. Raises ThreadlabError if it cannot be written, or is the recording of something else."""

    def __init__(self, file: Path, heading: Heading, keys: Iterable[str] = ()) -> None:
        self.file, self.washer = file, Washer(keys)
        self._lock = FileLock(file.with_name(file.name + ".lock"))
        self._began = time.monotonic()
        try:
            self._lock.acquire(timeout=0)
            self._descriptor = self._opened(heading)
        except Timeout as error:
            raise ThreadlabError(f"Another service is recording into {file}: give this one a file of its own.") from error
        except OSError as error:
            self._lock.release()
            raise ThreadlabError(f"The recording {file} cannot be written ({error.strerror}).") from error
        except ThreadlabError:
            self._lock.release()
            raise

    def _opened(self, heading: Heading) -> int:
        """Its descriptor, once the file has this heading and nothing half written at its end."""
        descriptor = os.open(self.file, os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o600)
        try:
            if os.name == "posix":
                os.fchmod(descriptor, 0o600)
            data = self.file.read_bytes()
            if b"\n" not in data and not data.startswith(b'{"recording"') and data:
                raise ThreadlabError(f"{self.file} is not a recording, and is not overwritten: name another file.")
            whole = data[: data.rfind(b"\n") + 1]
            if len(whole) < len(data):
                os.ftruncate(descriptor, len(whole))
            if not whole:
                os.write(descriptor, msgspec.json.encode(heading) + b"\n")
            elif (there := exchanges.heading_of(whole.partition(b"\n")[0], self.file)) != heading:
                raise ThreadlabError(
                    f"{self.file} is the recording of another endpoint ({there.of}, {there.url}"
                    f"{f', {there.model}' if there.model else ''}): give this one a file of its own."
                )
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    def since_began(self) -> float:
        return round(time.monotonic() - self._began, 3)

    def write(self, exchange: Exchange) -> None:
        """Add a line. What cannot be written (a full disk) is said on standard error: the client still gets its reply."""
        line = msgspec.json.encode(exchange) + b"\n"
        try:
            count = os.write(self._descriptor, line)
            if count < len(line):
                os.ftruncate(self._descriptor, os.fstat(self._descriptor).st_size - count)
                raise OSError(0, "the disk is full")
        except OSError as error:
            print(f"threadlab: {exchange.method} {exchange.path} is not in {self.file}: {error.strerror}.", file=sys.stderr, flush=True)

    def close(self) -> None:
        os.close(self._descriptor)
        self._lock.release()


class RecordingTransport(httpx2.AsyncBaseTransport):
    """Sends requests to the endpoint at `url`, and has each exchange written down."""

    def __init__(self, recorder: Recorder, url: str) -> None:
        self._recorder, self._base = recorder, urlsplit(url).path.rstrip("/")
        self._client = httpx2.AsyncClient()  # a client, and no bare transport: it knows the proxies that the environment names

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        body = await request.aread()
        request.headers["accept-encoding"] = "identity"  # so that what passes can be read
        began, at = time.monotonic(), self._recorder.since_began()
        response = await self._client.send(request, stream=True)
        washer = self._recorder.washer
        exchange = Exchange(
            at,
            request.method,
            washer.text(request.url.path.removeprefix(self._base)),
            response.status_code,
            round(time.monotonic() - began, 3),
            washer.query(request.url.query.decode("ascii", "replace")),
            {name: washer.text(value) for name, value in request.headers.items() if name in _REQUEST_HEADERS},
            exchanges.content(washer.body(body)),
            {name: washer.text(value) for name, value in response.headers.items() if _REPLY_HEADERS.fullmatch(name)},
        )
        headers = [(name, value) for name, value in response.headers.multi_items() if name not in _OF_THE_CODING]
        return httpx2.Response(response.status_code, headers=headers, stream=_Kept(response, self._recorder, exchange, began))

    async def aclose(self) -> None:
        await self._client.aclose()


class _Kept(httpx2.AsyncByteStream):
    """The body of a reply on its way to whoever asked. When it has ended, or nobody reads it any more, the line is written."""

    def __init__(self, response: httpx2.Response, recorder: Recorder, exchange: Exchange, began: float) -> None:
        self._response, self._recorder, self._exchange, self._began = response, recorder, exchange, began
        self._streams = is_event_stream(response.headers.get("content-type", ""))
        self._parts: list[bytes] = []
        self._events: list[Event] = []
        self._open = True

    async def __aiter__(self) -> AsyncIterator[bytes]:
        reader = Events()
        async for part in self._response.aiter_bytes():
            if self._streams:
                at = round(time.monotonic() - self._began, 3)
                self._events += [Event(at, name, self._washed(data)) for name, data in reader.take(part)]
            else:
                self._parts.append(part)
            yield part
        self._write(cut=False)

    async def aclose(self) -> None:
        await self._response.aclose()
        self._write(cut=True)

    def _washed(self, data: object) -> object:
        return msgspec.json.decode(self._recorder.washer.body(msgspec.json.encode(data)))

    def _write(self, *, cut: bool) -> None:
        if not self._open:
            return
        self._open = False
        if self._streams:
            # A client leaves a stream once it has seen its last event, and need not wait for the end of the connection.
            at_end = bool(self._events) and _is_last(self._events[-1])
            self._recorder.write(msgspec.structs.replace(self._exchange, events=self._events, cut=cut and not at_end))
        else:
            reply: Content | None = exchanges.content(self._recorder.washer.body(b"".join(self._parts)))
            self._recorder.write(msgspec.structs.replace(self._exchange, reply=reply, cut=cut))


_LAST = frozenset({"done", "response.completed", "response.incomplete", "response.failed", "error"})


def _is_last(event: Event) -> bool:
    return event.data == "[DONE]" or event.name in _LAST

"""The way in for clients in the same process: one transport for `OpenAI` and `AsyncOpenAI`, streams included."""

import threading
import time
from collections.abc import AsyncIterator, Iterator

import httpx2

from threadlab.engine import Engine, Lost, Outcome, Reply, Request, Stream
from threadlab.engine.assistants_api.stream import StreamCut
from threadlab.service.direct import WholeResponse
from threadlab.virtual_time.clock import Clock, VirtualClock
from threadlab.wire import errors

GIVE_UP = 600.0
"""Seconds after which a client that hears nothing gives up, when it has set no timeout (the SDK's own default)."""

_POLL_LIMIT = 30
_real_monotonic = time.monotonic


_READ_HEADERS = frozenset({b"authorization", b"api-key", b"openai-beta", b"content-type"})
"""The request headers that the engine looks at."""


def to_request(request: httpx2.Request) -> Request:
    """A request of the HTTP library (already read) as the engine takes it."""
    headers = {lower.decode(): value.decode("latin-1") for name, value in request.headers.raw if (lower := name.lower()) in _READ_HEADERS}
    return Request(request.method, request.url.path, request.url.query.decode("ascii", "replace"), headers, request.content)


def raise_lost(lost: Lost, request: httpx2.Request) -> None:
    """What the HTTP library says when no reply comes."""
    if lost.how == "unreachable":
        raise httpx2.ConnectError("the connection could not be made", request=request)
    if lost.how == "reset":
        raise httpx2.ReadError("the connection was reset before a reply came", request=request)
    raise httpx2.ReadTimeout("no reply came", request=request)


def patience(request: httpx2.Request) -> float:
    """How long this client waits for a reply, in seconds."""
    timeout = request.extensions.get("timeout") or {}
    read = timeout.get("read")
    return float(read) if read is not None else GIVE_UP


class Body(httpx2.SyncByteStream, httpx2.AsyncByteStream):
    """A reply body that grows: it waits on the clock for what is not due yet."""

    def __init__(self, transport: "ServiceTransport", stream: Stream) -> None:
        self._transport, self._stream = transport, stream

    def _read(self) -> tuple[list[bytes], bool]:
        try:
            with self._transport.lock:
                return self._stream.read(self._transport.clock.now()), False
        except StreamCut as cut:
            return cut.chunks, True

    def __iter__(self) -> Iterator[bytes]:
        while (at := self._stream.next_at) is not None:
            clock = self._transport.clock
            clock.sleep(max(0.0, at - clock.now()))
            chunks, cut = self._read()
            yield from chunks
            if cut:
                raise httpx2.ReadError("the connection was reset in the middle of the stream")

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while (at := self._stream.next_at) is not None:
            clock = self._transport.clock
            await clock.asleep(max(0.0, at - clock.now()))
            chunks, cut = self._read()
            for chunk in chunks:
                yield chunk
            if cut:
                raise httpx2.ReadError("the connection was reset in the middle of the stream")

    def close(self) -> None:
        close = getattr(self._stream, "close", None)
        if close:
            close()

    async def aclose(self) -> None:
        self.close()


class ServiceTransport(httpx2.BaseTransport, httpx2.AsyncBaseTransport):
    """Hands requests to an engine, one at a time, at the time that the clock shows."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self.engine, self.clock = engine, clock
        self.lock = threading.Lock()
        self._polls = 0
        self._polled: tuple[str, float, float] | None = None

    def _deliver(self, request: httpx2.Request) -> Outcome:
        engine_request = to_request(request)
        with self.lock:
            outcome = self.engine.handle(engine_request, self.clock.now())
            return self._standstill(engine_request, outcome)

    def _standstill(self, asked: Request, outcome: Outcome) -> Outcome:
        """A virtual clock that nothing moves would make a poll wait for ever: say so instead."""
        if not isinstance(self.clock, VirtualClock) or asked.method != "GET" or self.engine.next_at is None:
            self._polled = None
            return outcome
        now, real = self.clock.now(), _real_monotonic()
        if self._polled is None or self._polled[:2] != (asked.path, now):
            self._polls = 0
        elif real - self._polled[2] > 0.04:
            self._polls += _POLL_LIMIT // 3
        self._polls += 1
        self._polled = (asked.path, now, real)
        if self._polls < _POLL_LIMIT:
            return outcome
        self._polls = 0
        error = errors.clock_stands_still()
        return Reply(error.status, error.body(), {"content-type": "application/json", **error.headers})

    def _response(self, reply: Reply, request: httpx2.Request) -> httpx2.Response:
        if reply.stream is not None:
            return httpx2.Response(reply.status, headers=dict(reply.headers), stream=Body(self, reply.stream), request=request)
        return WholeResponse(reply.status, reply.headers, reply.body, request)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        request.read()
        outcome = self._deliver(request)
        waits, gives_up = _wait(outcome, request)
        if waits:
            self.clock.sleep(waits)
        return self._end(outcome, request, gives_up)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        await request.aread()
        outcome = self._deliver(request)
        waits, gives_up = _wait(outcome, request)
        if waits:
            await self.clock.asleep(waits)
        return self._end(outcome, request, gives_up)

    def _end(self, outcome: Outcome, request: httpx2.Request, gives_up: bool) -> httpx2.Response:
        if gives_up:
            raise httpx2.ReadTimeout("no reply came in time", request=request)
        if isinstance(outcome, Lost):
            raise_lost(outcome, request)
        assert isinstance(outcome, Reply)
        return self._response(outcome, request)


def _wait(outcome: Outcome, request: httpx2.Request) -> tuple[float, bool]:
    """Seconds until the client knows more, and whether that is because it gave up."""
    limit = patience(request)
    if isinstance(outcome, Lost) and outcome.how == "silence":
        return limit, True
    return (limit, True) if outcome.hold > limit else (outcome.hold, False)

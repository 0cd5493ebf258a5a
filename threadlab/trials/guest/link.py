"""The guest's end: how a client's request, a sleep or an idle event loop becomes a message to the host."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, NoReturn

import httpx2

from threadlab.service.direct import WholeResponse
from threadlab.service.transport import patience, raise_lost, to_request
from threadlab.trials.guest import messages as m
from threadlab.wire.exchange import Lost


class TrialHalted(BaseException):
    """The host has ended the trial. Not an Exception, so that no `except Exception` can hold it up."""


class Link:
    """One trial's connection to its host. `ask` sends a message and returns the answer."""

    def __init__(self, ask: Callable[[m.Said], m.Told], start: float, number: int = 0) -> None:
        self._ask = ask
        self.now = start
        self.started = start
        self._number = number
        self.waiting: dict[int, asyncio.Future[m.Told]] = {}
        self.owner = threading.get_ident()
        self.halted: str | None = None
        self.over = False
        """Whether the guest has come to its end: what still tidies up says nothing."""
        self._one_at_a_time = threading.Lock()
        """A session in a worker thread asks, too."""

    def say(self, message: m.Said) -> m.Told:
        """Send a message, take in the time of the answer. Raises TrialHalted when the host has had enough."""
        with self._one_at_a_time:
            result = self._ask(message)
        self.now = max(self.now, result.now)
        if isinstance(result, m.Halt):
            self.halted = self.halted or result.reason
            raise TrialHalted(result.reason)
        return result

    def next_number(self) -> int:
        self._number += 1
        return self._number

    def sleep(self, seconds: float) -> None:
        self.say(m.Sleep(max(0.0, float(seconds))))

    def monotonic(self) -> float:
        """Seconds since the trial began, plus a little: real programs never see a monotonic clock at zero."""
        return self.now - self.started + 1000.0

    def idle(self, timer_at: float | None, sleeper: bool) -> None:
        """The event loop has nothing to do: let the host choose what happens next. `timer_at` is on the loop's clock."""
        reply = self.say(m.Idle(None if timer_at is None else timer_at - 1000.0 + self.started, sleeper))
        if isinstance(reply, m.Deliver | m.Chunk | m.Fail):
            future = self.waiting.pop(reply.number, None)
            if future is not None and not future.done():
                future.set_result(reply)


def _send(link: Link, request: httpx2.Request, *, waits: bool) -> m.Send:
    engine_request = to_request(request)
    return m.Send(
        link.next_number(),
        engine_request.method,
        engine_request.path,
        engine_request.query,
        dict(engine_request.headers),
        engine_request.body,
        patience(request),
        waits,
    )


def _fail(told: m.Fail, request: httpx2.Request) -> NoReturn:
    raise_lost(Lost(told.how), request)  # type: ignore[arg-type]
    raise AssertionError("unreachable")


class LinkTransport(httpx2.BaseTransport, httpx2.AsyncBaseTransport):
    """What clients in a trial send their requests through."""

    def __init__(self, link: Link) -> None:
        self.link = link

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        request.read()
        if threading.get_ident() != self.link.owner:
            response: httpx2.Response = _from_other_thread(self.handle_async_request(request))
            return response
        reply = self.link.say(_send(self.link, request, waits=True))
        return self._response(reply, request)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        request.read()
        send = _send(self.link, request, waits=False)
        self.link.say(send)
        return self._response(await self._wait(send.number), request)

    async def _wait(self, number: int) -> m.Told:
        future: asyncio.Future[m.Told] = asyncio.get_running_loop().create_future()
        self.link.waiting[number] = future
        try:
            return await future
        except asyncio.CancelledError:
            if self.link.waiting.pop(number, None) is not None and self.link.halted is None:
                self.link.say(m.Abandon(number))
            raise

    def _response(self, told: m.Told, request: httpx2.Request) -> httpx2.Response:
        if isinstance(told, m.Fail):
            _fail(told, request)
        assert isinstance(told, m.Deliver)
        if told.streams:
            return httpx2.Response(told.status, headers=told.headers, stream=_Body(self, told.number), request=request)
        return WholeResponse(told.status, told.headers, told.body, request)


class _Body(httpx2.SyncByteStream, httpx2.AsyncByteStream):
    """A streamed reply, chunk by chunk."""

    def __init__(self, transport: LinkTransport, number: int) -> None:
        self._transport, self._number = transport, number
        self._open = True

    def _take(self, told: m.Told) -> tuple[bytes, bool]:
        assert isinstance(told, m.Chunk)
        if told.cut:
            self._open = False
            raise httpx2.ReadError("the connection was reset in the middle of the stream")
        if told.ended:
            self._open = False
        return told.data, told.ended

    def __iter__(self) -> Iterator[bytes]:
        at_end = False
        while not at_end:
            reply = self._transport.link.say(m.ReadOn(self._number, waits=True))
            if isinstance(reply, m.Chunk) and reply.cut and reply.data:
                yield reply.data
            data, at_end = self._take(reply)
            if data:
                yield data

    async def __aiter__(self) -> AsyncIterator[bytes]:
        at_end = False
        while not at_end:
            self._transport.link.say(m.ReadOn(self._number, waits=False))
            reply = await self._transport._wait(self._number)
            if isinstance(reply, m.Chunk) and reply.cut and reply.data:
                yield reply.data
            data, at_end = self._take(reply)
            if data:
                yield data

    def close(self) -> None:
        if self._open and self._transport.link.halted is None:
            self._open = False
            self._transport.link.say(m.Abandon(self._number))

    async def aclose(self) -> None:
        self.close()


def _from_other_thread(coroutine: Any) -> Any:
    """A synchronous client used in a worker thread (`asyncio.to_thread`): the event loop sends for it."""
    from threadlab.virtual_time.loop import current_loop

    loop = current_loop()
    if loop is None:
        coroutine.close()
        raise RuntimeError(
            "This check runs synchronous code in one thread. A thread of your own cannot use the client here; "
            "use asyncio for things that happen at the same time."
        )
    return loop.run_from_worker(coroutine)

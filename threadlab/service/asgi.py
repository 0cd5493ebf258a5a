"""The engine over HTTP: bytes in, `Request`, `engine.handle`, `Reply`, bytes out. Nothing is decided here that the engine could decide.

It listens on 127.0.0.1 only, and answers only to requests that name this computer as their host: otherwise a page on the internet
could point a name of its own at 127.0.0.1 and read what is here (DNS rebinding).
"""

import asyncio
import hmac
import json
import re
import time
import traceback
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple, Protocol, TypeAlias
from urllib.parse import parse_qsl, quote, unquote

from threadlab.engine.assistants_api.stream import StreamCut
from threadlab.service.answerer import Worker
from threadlab.service.group_commit import GroupCommit
from threadlab.service.log_line import RequestLine
from threadlab.service.status_page import ThreadLine, is_token, page
from threadlab.virtual_time.clock import Clock
from threadlab.wire.errors import ApiError, server_error
from threadlab.wire.exchange import Lost, Outcome, Reply, Request, Stream

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]

BODY_LIMIT = 30 * 1024 * 1024
"""Bytes of a request's body, unless the caller says otherwise."""

STRANGERS_BODY_LIMIT = 64 * 1024
"""Bytes kept of the body of a request that names another host or has no key of this service: it is refused whatever it says, and any
program of this computer, and any page in its browser, can send one."""

SILENCE = 600.0
"""Real seconds after which even a client that never gives up is let go."""

_LOCAL_HOST = re.compile(r"(127\.0\.0\.1|localhost)(:\d{1,5})?", re.IGNORECASE)
_KEY = re.compile(r"sk-[\w-]+")


class Handler(Protocol):
    """The part of the engine that a server needs."""

    def handle(self, request: Request, now: float) -> Outcome: ...


class ServerInfo(NamedTuple):
    """What the health route tells about the server."""

    name: str
    version: str
    pid: int
    started: float
    """Seconds since 1970, real time."""
    store: str
    """The store's file, or `memory`."""
    replies: str = "a scripted geography expert, not from a model"
    """Where replies come from, for people: the end of "Replies come from ..."."""


class App:
    """The ASGI application. It needs `state["abort"]` in the scope to be able to break a connection; see `threadlab.service.listen`.

    `key` opens the routes of the server itself. `threads` are what the status page shows. `transaction` is the store's: see
    `threadlab.service.group_commit`. `worker` answers what the engine does not answer itself. `on_lost` is called when what was written
    could not be kept. `forward` answers in place of the engine, once the engine's own checks of the key have passed: `serve --upstream`.
    `keys` are those that open the API: a body that comes without one is not kept. None: every key does.
    """

    def __init__(
        self,
        engine: Handler,
        clock: Clock,
        *,
        key: str,
        info: ServerInfo,
        keys: Iterable[str] | None = None,
        on_request: Callable[[RequestLine], None] | None = None,
        threads: Callable[[], Sequence[ThreadLine]] = tuple,
        transaction: Callable[[], AbstractContextManager[None]] = nullcontext,
        body_limit: int = BODY_LIMIT,
        worker: Worker | None = None,
        on_lost: Callable[[], None] = lambda: None,
        forward: Callable[[Request], Awaitable[Outcome]] | None = None,
    ) -> None:
        self.on_stop: Callable[[], None] = lambda: None
        """Called when a client with the key asks the server to end; whoever runs the server sets it."""
        self.last_active = time.monotonic()
        self.in_flight = 0
        self._engine, self._clock, self._key, self._info = engine, clock, key.encode(), info
        self._keys = None if keys is None else [key.encode() for key in keys]
        self._on_request, self._body_limit, self._threads = on_request, body_limit, threads
        self._group_commit, self._worker, self._on_lost = GroupCommit(transaction), worker, on_lost
        self._forward = forward
        self._recent: deque[RequestLine] = deque(maxlen=50)
        self._watchers: set[asyncio.Task[None]] = set()
        self._own: Mapping[tuple[str, str], Callable[[Request], Reply]] = {
            ("GET", "/"): self._page,
            ("GET", "/threadlab/health"): self._health,
            ("POST", "/threadlab/stop"): self._stop,
        }

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        began, status = time.perf_counter(), None
        self.in_flight += 1
        try:
            status = await self._serve(scope, receive, send)
        finally:
            self.in_flight -= 1
            self._report(scope, status, (time.perf_counter() - began) * 1000)

    def begin(self) -> None:
        """The event loop runs: from now on what is asked outside is answered."""
        if self._worker is not None:
            self._worker.begin(self._group_commit)

    def let_go(self) -> None:
        """End every wait, so that the server can end: held replies, open streams and silences are cut off, answers are given up."""
        if self._worker is not None:
            self._worker.end()
        for watcher in self._watchers:
            watcher.cancel()

    def idle_seconds(self) -> float:
        """Real seconds since anybody used the service; looking at the status page is not using it."""
        return 0.0 if self.in_flight or (self._worker is not None and self._worker.busy) else time.monotonic() - self.last_active

    # ---- one request -------------------------------------------------------------------------------------------------------------------

    async def _serve(self, scope: Message, receive: Receive, send: Send) -> int | None:
        headers: dict[str, str] = {}
        for raw_name, raw_value in scope["headers"]:
            name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        stranger = self._is_stranger(headers)
        limit = STRANGERS_BODY_LIMIT if stranger else self._body_limit
        body = await _read_body(receive, limit)
        if body is None:
            return None
        method, path = scope["method"], scope["path"]
        request = Request(method, path, scope["query_string"].decode("latin-1"), headers, body)
        try:
            if self._forward is not None and not stranger and len(body) <= limit and (method, path) not in self._own:
                outcome = await self._forwarded(self._forward, request)
            else:
                outcome = await self._group_commit(lambda: self._outcome(request, too_large=not stranger and len(body) > limit))
        except Exception:  # what was written could not be kept: a full disk, say
            self._on_lost()
            traceback.print_exc()
            outcome = _error_reply(server_error())
        if path != "/":
            self.last_active = time.monotonic()
        exchange = _Exchange(scope, receive, send, self._clock, self._group_commit, self._watchers)
        if isinstance(outcome, Lost):
            await exchange.lose(outcome)
            return None
        return await exchange.reply(outcome)

    def _is_stranger(self, headers: Mapping[str, str]) -> bool:
        """Whether the headers alone show that the request is going to be refused."""
        if not _LOCAL_HOST.fullmatch(headers.get("host", "")):
            return True
        if self._keys is None:
            return False
        own = (
            {**headers, "authorization": f"Bearer {headers['api-key']}"} if "api-key" in headers else headers
        )  # as Azure's clients send it
        return not any(_has_key(own, key) for key in self._keys)

    async def _forwarded(self, forward: Callable[[Request], Awaitable[Outcome]], request: Request) -> Outcome:
        try:
            return await forward(request)
        except ApiError as error:
            return _error_reply(error)

    def _outcome(self, request: Request, *, too_large: bool) -> Outcome:
        try:
            if not _LOCAL_HOST.fullmatch(request.headers.get("host", "")):
                return _error_reply(_not_for_us())
            if too_large:
                return _error_reply(_too_large(self._body_limit))
            own = self._own.get((request.method, request.path))
            return own(request) if own else self._engine.handle(request, self._clock.now())
        except ApiError as error:
            return _error_reply(error)
        except Exception:  # a mistake of ours must not take the server down with it
            traceback.print_exc()
            return _error_reply(server_error())

    def _report(self, scope: Message, status: int | None, milliseconds: float) -> None:
        path = scope["raw_path"].decode("latin-1")
        if "sk-" in (plain := unquote(path)):  # however it is spelt
            path = _KEY.sub("sk-…", quote(plain))
        line = RequestLine(time.time(), scope["method"], path, status, milliseconds)
        if path != "/" and not path.startswith("/threadlab/"):
            self._recent.append(line)
        if self._on_request:
            self._on_request(line)

    # ---- our own routes ----------------------------------------------------------------------------------------------------------------

    def _check_key(self, request: Request) -> None:
        if not _has_key(request.headers, self._key):
            raise ApiError(401, "This route needs the key of this Threads service, as 'Authorization: Bearer KEY'.", code="invalid_api_key")

    def _health(self, request: Request) -> Reply:
        self._check_key(request)
        return _json_reply(200, self._info._asdict())

    def _stop(self, request: Request) -> Reply:
        self._check_key(request)
        self.on_stop()
        return _json_reply(202, {"stopping": True})

    def _page(self, request: Request) -> Reply:
        private = is_token(dict(parse_qsl(request.query)).get("token", ""), self._key.decode())
        body = page(self._info.version, self._info.replies, reversed(self._recent), self._threads(), private=private)
        return Reply(200, body, _PAGE_HEADERS)


_PAGE_HEADERS = {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


class _Exchange:
    """One reply on its way out, or lost, on the clock's time, for as long as the client is there."""

    def __init__(
        self, scope: Message, receive: Receive, send: Send, clock: Clock, group_commit: GroupCommit, watchers: set[asyncio.Task[None]]
    ) -> None:
        self._scope, self._receive, self._send = scope, receive, send
        self._clock, self._group_commit, self._watchers = clock, group_commit, watchers
        self._gone: asyncio.Task[None] | None = None
        self._timer: asyncio.Future[None] | None = None

    async def reply(self, reply: Reply) -> int | None:
        """Send it. The status, or None if the client went away before it began."""
        if reply.hold > 0 and not await self._wait(self._clock.asleep(reply.hold)):
            await self._break()
            return None
        stream = reply.stream
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in reply.headers.items()]
        if stream is None:
            headers.append((b"content-length", b"%d" % len(reply.body)))
        await self._send({"type": "http.response.start", "status": reply.status, "headers": headers})
        if stream is None:
            await self._send({"type": "http.response.body", "body": reply.body})
            return reply.status
        return await self._pour(stream, reply.status)

    async def _pour(self, stream: Stream, status: int) -> int:
        """Send what the stream has as it comes, to its end, or until a fault cuts it or the client leaves."""
        stream.wake = self._wake
        try:
            while True:
                chunks, cut = await self._group_commit(lambda: _read(stream, self._clock.now()))
                due = None if cut else stream.next_at
                await self._send({"type": "http.response.body", "body": b"".join(chunks), "more_body": cut or due is not None})
                if due is None:  # after a cut uvicorn closes the connection, because the body has not ended
                    self._end_watch()
                    return status
                due = stream.next_at or 0.0  # it may have been woken while we were sending
                if not await self._wait(self._clock.asleep(due - self._clock.now())):
                    await self._break()
                    return status
        finally:
            getattr(stream, "close", lambda: None)()

    async def lose(self, lost: Lost) -> None:
        """Let the client see no reply: a connection that breaks, or one on which nothing comes."""
        if lost.hold > 0:
            await self._wait(self._clock.asleep(lost.hold))
        if lost.how == "silence":
            await self._wait(asyncio.sleep(SILENCE))
        await self._break()

    async def _wait(self, pause: Awaitable[None]) -> bool:
        """Wait until `pause` is over. False if the client left, or the server ends, before that."""
        if self._gone is None:
            self._gone = asyncio.ensure_future(self._until_gone())
            self._watchers.add(self._gone)
            self._gone.add_done_callback(self._watchers.discard)
        self._timer = asyncio.ensure_future(pause)
        await asyncio.wait({self._timer, self._gone}, return_when=asyncio.FIRST_COMPLETED)
        self._timer.cancel()
        return not self._gone.done()

    def _wake(self) -> None:
        """End the wait for the next part of a stream."""
        if self._timer is not None:
            self._timer.cancel()

    async def _until_gone(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass

    def _end_watch(self) -> None:
        if self._gone is not None:
            self._gone.cancel()

    async def _break(self) -> None:
        """Close the connection without a word."""
        self._end_watch()
        self._scope["state"]["abort"]()
        await self._until_gone()


async def _read_body(receive: Receive, limit: int) -> bytes | None:
    """The whole body, or None if the client went away. Of a body over the limit only a part is kept, but all of it is read:
    a client that is still sending would not see our refusal."""
    parts, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        part = message.get("body", b"")
        if part and size <= limit:
            parts.append(part)
            size += len(part)
        if not message.get("more_body", False):
            return parts[0] if len(parts) == 1 else b"".join(parts)


def _has_key(headers: Mapping[str, str], key: bytes) -> bool:
    scheme, _, credentials = headers.get("authorization", "").partition(" ")
    return scheme.lower() == "bearer" and hmac.compare_digest(credentials.strip().encode(), key)


def _read(stream: Stream, now: float) -> tuple[list[bytes], bool]:
    """What the stream has now, and whether it is cut there."""
    try:
        return stream.read(now), False
    except StreamCut as cut:
        return cut.chunks, True


# ---- replies of the server's own -------------------------------------------------------------------------------------------------------


def _not_for_us() -> ApiError:
    """Ours, not the API's."""
    message = "This Threads service answers only to 127.0.0.1 and localhost: the request's Host header names another computer."
    return ApiError(421, message, code="wrong_host")


def _too_large(limit: int) -> ApiError:
    """Guess."""
    message = f"The request's body is too large: this Threads service takes at most {limit:,} bytes."
    return ApiError(413, message, code="request_too_large")


def _error_reply(error: ApiError) -> Reply:
    return Reply(error.status, error.body(), {"content-type": "application/json", **error.headers})


def _json_reply(status: int, value: Mapping[str, object]) -> Reply:
    return Reply(status, json.dumps(value).encode(), {"content-type": "application/json"})

"""Running the HTTP application: the socket, uvicorn, and the ways a server ends.

uvicorn runs here as it comes, on h11 and asyncio. httptools and uvloop were measured with 1,000 clients that each poll once a second:
the 99th percentile went from 4.5 to 2.2 ms, which nobody would notice, for two more compiled packages.
"""

import asyncio
import errno
import os
import socket
import struct
import sys
from types import FrameType

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from threadlab.errors import ThreadlabError
from threadlab.service.asgi import App

if sys.platform != "win32":
    import resource

HOST = "127.0.0.1"
DEFAULT_PORT = 8650

_KEEP_ALIVE = 120
"""Seconds that an unused connection stays open. Longer than any client keeps one (the SDK: 5), so that it is always the client that
closes it: a server that closes first can do so just as the next request arrives, and the SDK then sends a POST twice."""

HEADER_SECONDS = 20.0
"""Real seconds that a client may take for the head of a request, from its first byte or from the opening of the connection."""

BODY_PAUSE_SECONDS = 30.0
"""Real seconds without a byte after which a body that is not whole is given up."""

MOST_CONNECTIONS = 4096
"""Connections at once, if the system allows that many open files. With all of them taken, the one that has waited longest without a
request makes room; if all are at work, the new one is closed."""

_FILES_OF_OUR_OWN = 64
"""Descriptors left for the store, its log and what Python opens."""

_RESET = struct.pack("ii" if os.name == "posix" else "hh", 1, 0)


def check_host(host: str) -> None:
    """Refuse to listen anywhere but on this computer's loopback address. Raises ThreadlabError."""
    if host not in (HOST, "localhost"):
        raise ThreadlabError(
            f"The Threads service listens on {HOST} only, not on {host!r}: it has one key and no encryption, so nothing outside this "
            "computer may reach it. Leave --host out; from another computer, use an SSH tunnel."
        )


def open_socket(port: int) -> socket.socket:
    """A socket that listens on loopback at `port` (0: at any free one). Raises ThreadlabError when the port cannot be had."""
    # With the protocol named: asyncio turns Nagle's algorithm off only where it is, and the second half of a reply waits 40 ms otherwise.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if os.name == "posix":
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen(2048)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise ThreadlabError(
                f"Port {port} on {HOST} is busy: another program is listening there. Stop it, or choose another port with --port."
            ) from error
        raise ThreadlabError(f"Port {port} on {HOST} cannot be opened ({error.strerror}). Choose another one with --port.") from error
    return listener


class _Connection(H11Protocol):
    """A connection that the application can break (uvicorn gives an application no way to close without an answer), and that ends when its
    client does not go on: neither half a request nor a silent connection may keep others out for long."""

    most = MOST_CONNECTIONS
    """How many there may be; `run` sets it to what the system allows."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, "abort": self._abort}
        self._since = self.loop.time()
        self._patience: asyncio.TimerHandle | None = self.loop.call_later(HEADER_SECONDS, self._abort)
        if len(self.connections) > self.most:
            self._make_room()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._since = self.loop.time()
        if self.conn.their_state is h11.SEND_BODY:
            self._be_patient(BODY_PAUSE_SECONDS)
        elif self.conn.their_state is not h11.IDLE:
            self._be_patient(None)
        elif self._patience is None:  # one that runs is not put off: a client could send a byte every few seconds for ever
            self._be_patient(HEADER_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        self._be_patient(None)
        super().connection_lost(exc)

    def _be_patient(self, seconds: float | None) -> None:
        """Break the connection after so many seconds; None: wait as long as it takes."""
        if self._patience is not None:
            self._patience.cancel()
        self._patience = None if seconds is None else self.loop.call_later(seconds, self._abort)

    def _make_room(self) -> None:
        others = [other for other in self.connections if isinstance(other, _Connection) and other is not self and other._is_idle()]
        min(others, key=lambda other: other._since, default=self)._abort()

    def _is_idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _abort(self) -> None:
        connection = self.transport.get_extra_info("socket")
        if connection is not None:  # a reset, not an orderly end of the stream
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.transport.abort()
        self.connections.discard(self)  # at once: the next one that comes counts them


def _connections_allowed() -> int:
    """How many connections the limit on open files leaves room for, once that limit is as high as this process may set it."""
    if sys.platform == "win32":
        return 512 - _FILES_OF_OUR_OWN  # what Windows' C library opens without being asked
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = MOST_CONNECTIONS + _FILES_OF_OUR_OWN
    if soft != resource.RLIM_INFINITY and soft < needed:
        soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return MOST_CONNECTIONS if soft == resource.RLIM_INFINITY else max(1, min(MOST_CONNECTIONS, soft - _FILES_OF_OUR_OWN))


def protocol() -> type[H11Protocol]:
    """How connections are handled here, for another application of uvicorn's that anybody may reach."""
    _Connection.most = _connections_allowed()
    return _Connection


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, app: App) -> None:
        super().__init__(config)
        self._app = app

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End in order. (uvicorn's own handler raises the signal a second time at the end, and the process would die of it.)"""
        self.force_exit = self.should_exit
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._app.begin()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._app.let_go()
        await super().shutdown(sockets)


def run(app: App, listener: socket.socket, *, idle_exit: float | None = None) -> None:
    """Serve until Ctrl-C, SIGTERM, the stop route, or `idle_exit` real seconds in which nobody used the service."""

    def stop() -> None:
        server.should_exit = True

    async def stop_if_idle() -> None:
        if idle_exit is not None and app.idle_seconds() > idle_exit:
            stop()

    config = uvicorn.Config(
        app,
        http=protocol(),
        loop="asyncio",
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE,
        timeout_graceful_shutdown=2,
        callback_notify=stop_if_idle,
        timeout_notify=0,
    )
    server = _Server(config, app)
    app.on_stop = stop
    server.run(sockets=[listener])

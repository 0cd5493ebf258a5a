"""What goes into the engine and what comes out: plain values, no sockets.

Every way in (the in-process transport, the HTTP server, a trial) turns what it has into a `Request`, hands it over together with
the time, and gets an `Outcome` back. Nothing else passes between the engine and the world.
"""

from collections.abc import Callable, Mapping
from typing import Literal, Protocol, TypeAlias

import msgspec


class Request(msgspec.Struct, frozen=True, gc=False):
    """One HTTP request, already read to its end."""

    method: str
    path: str
    """The path alone, such as `/v1/threads/thread_abc`."""
    query: str = ""
    """The raw query string, without the question mark."""
    headers: Mapping[str, str] = {}
    """Names in lower case."""
    body: bytes = b""


class Stream(Protocol):
    """A reply body that grows as time goes on (server-sent events).

    The reader calls `read(now)`, passes on what it got, waits until `next_at` and reads again, until `next_at` is None. A reader
    that goes away simply stops reading: the run behind the stream does not notice.
    """

    wake: Callable[[], None]
    """Called when there may be more to read sooner than `next_at` said; the reader sets it."""

    @property
    def next_at(self) -> float | None:
        """When more can be read, in seconds of the engine's clock; None when the stream has ended."""

    def read(self, now: float) -> list[bytes]:
        """Everything that has become due by `now`, oldest first."""


class Reply(msgspec.Struct, frozen=True, gc=False):
    """An HTTP response that the client is to receive."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = {}
    stream: Stream | None = None
    hold: float = 0.0
    """Seconds of the engine's clock to wait before the reply goes out (a fault may delay it)."""


class Lost(msgspec.Struct, frozen=True, gc=False):
    """No reply reaches the client: what it sees instead."""

    how: Literal["unreachable", "reset", "silence"]
    """`unreachable`: the connection could not be made. `reset`: it broke. `silence`: nothing comes until the client gives up."""
    hold: float = 0.0


Outcome: TypeAlias = Reply | Lost

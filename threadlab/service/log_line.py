"""One line of the service's log: a request and what became of it."""

from __future__ import annotations

from typing import NamedTuple


class RequestLine(NamedTuple):
    """One request, as it is reported to whoever watches. Keys never appear in it."""

    time: float
    """When the answer ended, in seconds since 1970, real time."""
    method: str
    path: str
    """Without the query, percent-encoded as it came, so that it can be printed safely."""
    status: int | None
    """None when no reply reached the client: it gave up, or a fault ate the reply."""
    milliseconds: float

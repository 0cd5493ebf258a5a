"""How much anybody may ask of the room: how often, and how many bytes at once."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

MOST_EVENTS = 32 * 1024
"""Bytes of one request with messages."""
MOST_NOTEBOOK = 4 * 1024**2
"""Bytes of a notebook that is handed in: the largest of the course has some 100,000 with everything that it shows."""
MOST_FORM = 4 * 1024
BODY_SECONDS = 60.0
"""Seconds that a body may take on its way."""


class Allowance:
    """So many at once, and so many a second after that, for each who asks."""

    def __init__(self, at_once: float, a_second: float) -> None:
        self._at_once, self._a_second = at_once, a_second
        self._left: dict[Hashable, tuple[float, float]] = {}

    def take(self, who: Hashable, now: float) -> float:
        """0 if it is allowed; otherwise the seconds until it will be."""
        left, since = self._left.get(who, (self._at_once, now))
        left = min(self._at_once, left + (now - since) * self._a_second)
        if len(self._left) > 10_000:  # those who have their whole allowance need not be remembered
            self._left = {one: entry for one, entry in self._left.items() if entry[0] + (now - entry[1]) * self._a_second < self._at_once}
        if left < 1:
            self._left[who] = left, now
            return (1 - left) / self._a_second
        self._left[who] = left - 1, now
        return 0.0


def too_often(seconds: float) -> HTTPException:
    """What is answered to somebody who has used up an allowance."""
    wait = max(1, round(seconds + 0.5))
    return HTTPException(429, f"Too many requests. Try again in {wait} s.", {"Retry-After": str(wait)})


async def body(request: Request, most: int) -> bytes:
    """A request's body, of `most` bytes or fewer. A longer one is not read to its end."""
    length = request.headers.get("content-length", "0")
    if not length.isdigit() or int(length) > most:
        raise HTTPException(413, f"That is too large: {most:,} bytes are allowed.", {"Connection": "close"})
    pieces, size = [], 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for piece in request.stream():
                size += len(piece)
                if size > most:
                    raise HTTPException(413, f"That is too large: {most:,} bytes are allowed.", {"Connection": "close"})
                pieces.append(piece)
    except TimeoutError:
        raise HTTPException(408, "That took too long on its way.", {"Connection": "close"}) from None
    except ClientDisconnect:
        raise HTTPException(400, "The connection was closed.") from None
    return b"".join(pieces)

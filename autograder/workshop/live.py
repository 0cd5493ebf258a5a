"""Who listens to what happens in the room: pages that stay open, each woken when there is something new for it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator

TEACHER = 0
"""Listens to everything; participants listen to what concerns them."""
PAUSE = 0.4
"""Seconds between two looks at what is new: thirty people who all press the same button are one change."""
STALE = 20.0
"""Seconds after which a page is told again even if nothing happened: minutes pass on it."""


class Live:
    def __init__(self) -> None:
        self._listeners: dict[int, set[asyncio.Event]] = {}
        self.ending = False

    def announce(self, *whom: int) -> None:
        """Something has changed for these participants; it always concerns the teacher."""
        for one in {TEACHER, *whom}:
            for listener in self._listeners.get(one, ()):
                listener.set()

    def end(self) -> None:
        """Every page that is open is let go: the server ends."""
        self.ending = True
        self.announce(*self._listeners)

    def present(self, who: int) -> int:
        """How many pages somebody has open."""
        return len(self._listeners.get(who, ()))

    @contextlib.contextmanager
    def _listening(self, who: int) -> Iterator[asyncio.Event]:
        listener = asyncio.Event()
        listener.set()  # the first look is at once
        self._listeners.setdefault(who, set()).add(listener)
        self.announce()
        try:
            yield listener
        finally:
            self._listeners[who].discard(listener)
            self.announce()

    async def changes(self, who: int, look: Callable[[], str | None]) -> AsyncIterator[str]:
        """What `look` returns, whenever it is another text than before; ends when it returns None."""
        before = None
        with self._listening(who) as listener:
            while True:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(listener.wait(), STALE)
                listener.clear()
                now = None if self.ending else look()
                if now is None:
                    return
                if now != before:
                    before = now
                    yield now
                await asyncio.sleep(PAUSE)

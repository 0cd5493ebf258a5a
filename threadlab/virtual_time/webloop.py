"""Virtual time inside an event loop that keeps its timers outside Python, as the browser's does.

What runs is the loop's own business; what *waits* is kept here. When nothing is ready any more, the clock moves to the next timer.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from threadlab.virtual_time.clock import VirtualClock


class _Timers:
    """The timers of one loop while its time is virtual."""

    def __init__(self, loop: Any, clock: VirtualClock) -> None:
        self._loop, self._clock, self._real_call_later = loop, clock, loop.call_later
        self._waiting: list[tuple[float, int, asyncio.Handle]] = []
        self._numbers = itertools.count()
        self._ready = 0
        self._looking = False

    def call_later(self, delay: float, callback: Callable[..., Any], *args: Any, context: Any = None) -> asyncio.Handle:
        """In place of the loop's own: what is due at once goes to the browser, the rest waits for the clock."""
        if delay < 0:
            raise ValueError("Can't schedule in the past")
        if delay > 0:
            handle = asyncio.Handle(callback, args, self._loop, context=context)
            if delay != math.inf:
                heapq.heappush(self._waiting, (self._clock.now() + delay, next(self._numbers), handle))
                self._look_later()
            return handle
        self._ready += 1
        # Cancelled or not, it must be counted when its turn comes: so the browser is given a callback of ours.
        handle = asyncio.Handle(callback, args, self._loop, context=context)
        self._real_call_later(0, self._run, handle)
        return handle

    def _run(self, handle: asyncio.Handle) -> None:
        self._ready -= 1
        self._look_later()
        if not handle.cancelled():
            handle._run()

    def _look_later(self) -> None:
        if not self._looking:
            self._looking = True
            self._real_call_later(0, self._look)

    def _look(self) -> None:
        """Nothing ready: let the next timer fire."""
        self._looking = False
        if self._ready:
            return
        while self._waiting:
            when, _, handle = heapq.heappop(self._waiting)
            if not handle.cancelled():
                self._clock.advance_to(when)
                self._look_later()
                handle._run()
                return

    def hand_back(self) -> None:
        """What still waits goes on in real time."""
        now = self._clock.now()
        for when, _, handle in self._waiting:
            if not handle.cancelled():
                self._real_call_later(max(0.0, when - now), handle._run)
        self._waiting.clear()


@contextmanager
def adapted(loop: Any, clock: VirtualClock) -> Iterator[None]:
    """While this lasts, the timers of a running `loop` follow `clock`. The loop needs `call_later` for everything that it schedules."""
    base, start = loop.time(), clock.now()
    timers = _Timers(loop, clock)
    loop.time = lambda: base + clock.now() - start
    loop.call_later = timers.call_later
    try:
        yield
    finally:
        del loop.time
        del loop.call_later
        timers.hand_back()

"""Around the trials of a graded notebook: a service for the cells that only look around.

A submission's own demonstration cells (`client = OpenAI()`, a poll, a sleep) find a service on virtual time, so that they work, cost
nothing, and show the same however busy the computer is. Nothing that happens there counts.
"""

import asyncio
import contextlib
import heapq
import itertools
import math
import sys
import time
from typing import Any

from threadlab.virtual_time import patches
from threadlab.virtual_time.clock import VirtualClock

TICK = 0.01
"""Seconds that pass whenever the time is asked for, which a request does once or twice: a loop that only asks must come to an end."""
_stack = contextlib.ExitStack()
_started: list[Any] = []


class _Ticking(VirtualClock):
    """Moves when somebody waits, and a little whenever somebody looks."""

    def now(self) -> float:
        self.advance_to(self._now + TICK)
        return self._now


class _Sleepers:
    """Those who wait in an event loop that is not ours: woken one after the other, each when the loop has had time for the one before."""

    TURNS = 50
    """Of the loop, from one to the next."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self._waiting: list[tuple[float, int, asyncio.Future[None]]] = []
        self._numbers = itertools.count()

    async def sleep(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        if not self._waiting:
            loop.call_soon(self._turn, loop, self.TURNS)
        heapq.heappush(self._waiting, (self._clock.now() + seconds, next(self._numbers), future))
        await future

    def _turn(self, loop: asyncio.AbstractEventLoop, left: int) -> None:
        if not left:
            self._wake(loop)
        if left or self._waiting:
            loop.call_soon(self._turn, loop, left - 1 if left else self.TURNS)

    def _wake(self, loop: asyncio.AbstractEventLoop) -> None:
        """The next one, unless one of the loop's own timers (a deadline) comes first: then time moves on to that."""
        wakes, _, future = self._waiting[0]
        timers: list[asyncio.TimerHandle] = [one for one in getattr(loop, "_scheduled", ()) if not one.cancelled()]
        deadline = min((one.when() for one in timers), default=math.inf) - loop.time() + self._clock.now()
        if not future.done() and deadline < wakes:
            self._clock.advance_to(deadline)
            return
        heapq.heappop(self._waiting)
        if not future.done():  # it may have been cancelled
            self._clock.advance_to(wakes)
            future.set_result(None)


def start() -> None:
    """From here on, clients in this process talk to a service of their own, and waiting costs nothing. Harmless to call twice."""
    if _started:
        return
    from threadlab.service.in_process import Service

    patches.install()
    clock = _Ticking()
    service = Service(clock=clock)
    real_sleep, sleepers = asyncio.sleep, _Sleepers(clock)
    offset = patches.real("monotonic")() - clock.now()
    source = patches.TimeSource(clock.now, lambda: offset + clock.now(), clock.sleep, patches.real("new_event_loop"), sleeps_anywhere=True)

    async def sleep(delay: float, result: Any = None) -> Any:
        if patches.current() is not source or delay <= 0:
            return await real_sleep(delay, result)
        await sleepers.sleep(delay)
        return result

    for module in tuple(sys.modules.values()):  # anyio, and so the SDK's own polling, holds the function itself
        if getattr(module, "__dict__", {}).get("sleep") is real_sleep:
            module.sleep = sleep  # type: ignore[attr-defined]
    environment = {"OPENAI_API_KEY": service.key, "OPENAI_BASE_URL": "http://threadlab.invalid/v1"}
    _stack.enter_context(patches.active(source, service.transport, environment))
    _started.extend((service, time.time()))

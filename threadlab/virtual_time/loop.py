"""An event loop without sockets, threads or real time: when nothing is ready, it asks what happens next."""

import asyncio
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from threadlab.virtual_time.clock import VirtualClock

_REAL_WAIT = 5.0
"""Seconds of real time that a worker thread's work (`asyncio.to_thread`) is waited for at a time."""

_SLEEP = "_set_result_unless_cancelled"
"""The callback by which `asyncio.sleep` ends: the one timer that is not a time-out."""

_LEAST = 2e-5
"""Seconds that a timer in the future is away at least: twice the resolution of the loop's clock. A wait for less would be over before the
clock has moved, and whoever waits for a moment in a loop would wait for ever."""

_current: "VirtualLoop | None" = None


def current_loop() -> "VirtualLoop | None":
    """The virtual loop that is running, seen from any thread."""
    return _current


def can_start_threads() -> bool:
    """Whether this Python has threads: a browser's has not."""
    return sys.platform != "emscripten"


class VirtualLoop(asyncio.BaseEventLoop):
    """`idle(timer_at, sleeper)` is called when nothing is ready; it must make something ready or move the time on.

    `now()` is the loop's clock. Work in worker threads is waited for in real time, because nothing else can be done about it.
    """

    def __init__(self, now: Callable[[], float], idle: Callable[[float | None, bool], None]) -> None:
        super().__init__()
        self._now, self._idle = now, idle
        self._clock_resolution = 1e-5  # virtual times are sums of floats around 1.8e9: what differs by less is the same moment
        self._selector = self  # BaseEventLoop calls `select` on it
        self._wake = threading.Event()
        self._outside = 0
        self._parked = 0

    # ---- what BaseEventLoop asks of a selector -------------------------------------------------------------------------------------------

    def select(self, timeout: float | None) -> list[Any]:
        if timeout == 0:
            return []
        while self._outside > self._parked:
            if not self._wake.wait(_REAL_WAIT):
                raise RuntimeError("a worker thread was still busy after five seconds of real time")
            self._wake.clear()
            if self._ready:  # type: ignore[attr-defined]
                return []
        timer = self._scheduled[0] if self._scheduled else None  # type: ignore[attr-defined]
        if timer is None:
            self._idle(None, False)
        else:
            self._idle(timer._when, getattr(timer._callback, "__name__", "") == _SLEEP)
        return []

    def _process_events(self, event_list: list[Any]) -> None:
        pass

    def _write_to_self(self) -> None:
        self._wake.set()

    def time(self) -> float:
        return self._now()

    def call_later(  # type: ignore[override]
        self, delay: float, callback: Any, *args: Any, context: Any = None
    ) -> asyncio.TimerHandle:
        return super().call_later(max(delay, _LEAST) if delay > 0 else delay, callback, *args, context=context)

    def call_at(  # type: ignore[override]
        self, when: float, callback: Any, *args: Any, context: Any = None
    ) -> asyncio.TimerHandle:
        now = self.time()
        return super().call_at(max(when, now + _LEAST) if when > now else when, callback, *args, context=context)

    def run_forever(self) -> None:
        global _current
        outer, _current = _current, self
        try:
            super().run_forever()
        finally:
            _current = outer

    # ---- worker threads ------------------------------------------------------------------------------------------------------------------

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> asyncio.Future[Any]:  # type: ignore[override]
        if not can_start_threads():
            return self._done_here(func, *args)
        self._outside += 1
        future: asyncio.Future[Any] = super().run_in_executor(executor, func, *args)
        future.add_done_callback(self._came_back)
        return future

    def _done_here(self, func: Any, *args: Any) -> asyncio.Future[Any]:
        """Where no thread can be started the work is done at once, and everything else waits."""
        future: asyncio.Future[Any] = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:
            future.set_exception(error)
        return future

    async def shutdown_default_executor(self, *args: Any, **options: Any) -> None:
        self._outside += 1
        try:
            await super().shutdown_default_executor(*args, **options)
        finally:
            self._outside -= 1

    def _came_back(self, _: asyncio.Future[Any]) -> None:
        self._outside -= 1

    def run_from_worker(self, coroutine: Any) -> Any:
        """Run a coroutine here for a worker thread, which waits for it meanwhile."""
        answer: Future[Any] = asyncio.run_coroutine_threadsafe(self._parking(coroutine), self)
        return answer.result()

    async def _parking(self, coroutine: Any) -> Any:
        self._parked += 1
        try:
            return await coroutine
        finally:
            self._parked -= 1


def loop_on(clock: VirtualClock) -> VirtualLoop:
    """A loop whose waiting moves a virtual clock forward and costs nothing."""
    start = clock.now()

    def idle(timer_at: float | None, sleeper: bool) -> None:
        if timer_at is None:
            raise RuntimeError("this code waits for something that can never come: no timer is set and nothing is in flight")
        clock.advance_to(timer_at - 1000.0 + start)

    return VirtualLoop(lambda: clock.now() - start + 1000.0, idle)

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
        self._begun = 0
        self._outside = 0
        self._parked = 0
        self._in_worker = threading.local()
        self._held: list[tuple[int, int, Callable[[], None]]] = []
        """What came from worker threads and is held back until all of them have come or wait: by whom (the number of the work), and which
        of many."""

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
        if self._held:
            self._let_in()
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
    #
    # Which of several threads is ready first is up to the machine. Nothing may depend on that, so what they have done, and what they ask
    # for, takes effect in the order in which the work was given to them, once all of them have come back or wait for an answer.

    def _hold_back(self, number: int, effect: Callable[[], None]) -> None:
        self._held.append((number, len(self._held), effect))

    def _let_in(self) -> None:
        held, self._held = sorted(self._held, key=lambda one: one[:2]), []
        for _, _, effect in held:
            effect()

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> asyncio.Future[Any]:  # type: ignore[override]
        if not can_start_threads():
            return self._done_here(func, *args)
        self._begun += 1
        self._outside += 1
        number, outcome = self._begun, self.create_future()

        def work() -> Any:
            self._in_worker.number = number
            return func(*args)

        def over(done: asyncio.Future[Any]) -> None:
            self._outside -= 1
            self._hold_back(number, lambda: _hand_on(done, outcome))

        def given_up(_: asyncio.Future[Any]) -> None:
            if outcome.cancelled():
                raw.cancel()

        raw: asyncio.Future[Any] = super().run_in_executor(executor, work)
        raw.add_done_callback(over)
        outcome.add_done_callback(given_up)
        return outcome

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

    def run_from_worker(self, coroutine: Any) -> Any:
        """Run a coroutine here for a worker thread, which waits for it meanwhile."""
        answer: Future[Any] = Future()
        number = getattr(self._in_worker, "number", sys.maxsize)  # of a thread that this loop has not started, last
        self.call_soon_threadsafe(self._park, number, coroutine, answer)
        return answer.result()

    def _park(self, number: int, coroutine: Any, answer: "Future[Any]") -> None:
        self._parked += 1
        self._hold_back(number, lambda: self.create_task(self._parking(coroutine)).add_done_callback(lambda task: _pass_on(task, answer)))

    async def _parking(self, coroutine: Any) -> Any:
        try:
            return await coroutine
        finally:
            self._parked -= 1


def _hand_on(done: asyncio.Future[Any], outcome: asyncio.Future[Any]) -> None:
    """Let one future of the loop end as another one did."""
    if done.cancelled():
        outcome.cancel()
    elif (error := done.exception()) is not None:
        if not outcome.done():
            outcome.set_exception(error)
    elif not outcome.done():
        outcome.set_result(done.result())


def _pass_on(task: "asyncio.Task[Any]", answer: "Future[Any]") -> None:
    """Tell a thread how its coroutine ended."""
    if task.cancelled():
        answer.cancel()
    elif (error := task.exception()) is not None:
        answer.set_exception(error)
    else:
        answer.set_result(task.result())


def loop_on(clock: VirtualClock) -> VirtualLoop:
    """A loop whose waiting moves a virtual clock forward and costs nothing."""
    start = clock.now()

    def idle(timer_at: float | None, sleeper: bool) -> None:
        if timer_at is None:
            raise RuntimeError("this code waits for something that can never come: no timer is set and nothing is in flight")
        clock.advance_to(timer_at - 1000.0 + start)

    return VirtualLoop(lambda: clock.now() - start + 1000.0, idle)

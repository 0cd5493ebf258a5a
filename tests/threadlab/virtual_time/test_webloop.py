"""Virtual time inside a loop that schedules everything by `call_later`, as the browser's does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from threadlab.virtual_time.clock import VirtualClock
from threadlab.virtual_time.webloop import adapted


class BrowserLikeLoop(asyncio.SelectorEventLoop):
    """asyncio's own, with the one habit of the browser's that counts: whatever is to be done goes through `call_later`."""

    def call_soon(self, callback: Any, *args: Any, context: Any = None) -> Any:
        return self.call_later(0, callback, *args, context=context)

    def call_later(self, delay: float, callback: Any, *args: Any, context: Any = None) -> Any:
        if delay > 0:
            return super().call_at(super().time() + delay, callback, *args, context=context)
        return super().call_soon(callback, *args, context=context)

    def call_at(self, when: float, callback: Any, *args: Any, context: Any = None) -> Any:
        return self.call_later(max(0.0, when - self.time()), callback, *args, context=context)


def run(main: Callable[[VirtualClock], Awaitable[Any]]) -> tuple[Any, float]:
    """The result of `main` with its loop on virtual time, and the real seconds it took."""
    clock = VirtualClock()

    async def whole() -> Any:
        with adapted(asyncio.get_running_loop(), clock):
            return await main(clock)

    start = time.monotonic()
    with asyncio.Runner(loop_factory=BrowserLikeLoop) as runner:
        result = runner.run(whole())
    return result, time.monotonic() - start


def test_sleeping_moves_the_clock_and_takes_no_time() -> None:
    async def main(clock: VirtualClock) -> float:
        before = clock.now()
        await asyncio.sleep(3600)
        return clock.now() - before

    slept, took = run(main)
    assert abs(slept - 3600) < 0.01
    assert took < 30


def test_tasks_wake_in_the_order_of_their_timers() -> None:
    async def main(clock: VirtualClock) -> list[tuple[str, int]]:
        woke: list[tuple[str, int]] = []
        start = clock.now()

        async def sleeper(name: str, *pauses: float) -> None:
            for pause in pauses:
                await asyncio.sleep(pause)
                woke.append((name, round(clock.now() - start)))

        await asyncio.gather(sleeper("slow", 10, 10), sleeper("quick", 3, 3, 3, 3))
        return woke

    assert run(main)[0] == [("quick", 3), ("quick", 6), ("quick", 9), ("slow", 10), ("quick", 12), ("slow", 20)]


def test_timeout_strikes_when_its_time_has_come() -> None:
    async def main(clock: VirtualClock) -> float:
        start = clock.now()
        try:
            async with asyncio.timeout(5):
                await asyncio.Event().wait()
        except TimeoutError:
            return clock.now() - start
        return -1.0

    assert abs(run(main)[0] - 5) < 0.01


def test_what_still_waits_goes_on_in_real_time_afterwards() -> None:
    async def whole() -> float:
        loop, clock = asyncio.get_running_loop(), VirtualClock()
        with adapted(loop, clock):
            late = loop.create_task(asyncio.sleep(0.05, "late"))
            await asyncio.sleep(0.01)
        start = time.monotonic()
        assert await late == "late"
        return time.monotonic() - start

    with asyncio.Runner(loop_factory=BrowserLikeLoop) as runner:
        assert 0.01 < runner.run(whole()) < 5

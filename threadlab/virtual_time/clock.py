"""The clocks that the service can run on: real, scaled, virtual.

All of them speak in seconds since 1970, as floats. The engine never asks a clock; it is told the time.
"""

import asyncio
import threading
import time
from typing import Protocol

_real_sleep, _real_time, _real_monotonic, _real_asyncio_sleep = time.sleep, time.time, time.monotonic, asyncio.sleep

VIRTUAL_START = 1_788_253_200.0
"""Where virtual time begins: 2026-09-01 09:00:00 UTC, a week after the hosted API went away. Fixed, so that runs repeat exactly."""


class Clock(Protocol):
    """What the transports and the server ask of a clock."""

    def now(self) -> float:
        """Seconds since 1970 on this clock."""

    def sleep(self, seconds: float) -> None:
        """Wait `seconds` of this clock's time."""

    async def asleep(self, seconds: float) -> None:
        """Wait `seconds` of this clock's time without blocking the event loop."""


class ScaledClock:
    """Real time, run `factor` times as fast. `ScaledClock(1)` is real time."""

    def __init__(self, factor: float = 1.0) -> None:
        if not 0 < factor <= 10_000:
            raise ValueError(f"a clock can run between 0 and 10,000 times as fast as real time, not {factor}")
        self.factor = factor
        self._start, self._origin = _real_time(), _real_monotonic()

    def now(self) -> float:
        return self._start + (_real_monotonic() - self._origin) * self.factor

    def sleep(self, seconds: float) -> None:
        _real_sleep(max(0.0, seconds) / self.factor)

    async def asleep(self, seconds: float) -> None:
        await _real_asyncio_sleep(max(0.0, seconds) / self.factor)


LEAST = 1e-5
"""Seconds that a wait on virtual time takes at least: less is lost in the rounding of the clock, and a loop that sleeps out a rest would
never end."""


class VirtualClock:
    """Time that moves only when it is told to. Waiting on it costs nothing and is instantly over."""

    def __init__(self, start: float = VIRTUAL_START) -> None:
        self._now = start
        self._lock = threading.Lock()

    def now(self) -> float:
        return self._now

    def advance_to(self, moment: float) -> None:
        """Move to `moment`; time never runs backwards, so an earlier one changes nothing."""
        with self._lock:
            self._now = max(self._now, moment)

    def sleep(self, seconds: float) -> None:
        if seconds > 0:
            self.advance_to(self._now + max(LEAST, seconds))

    async def asleep(self, seconds: float) -> None:
        self.sleep(seconds)
        await _real_asyncio_sleep(0)


def make_clock(spec: str) -> ScaledClock | VirtualClock:
    """A clock from its name: `virtual`, `real`, or `x50` for fifty times real time.

    Raises ValueError, with the names that work, for anything else, and for a factor that is too large or not positive.
    """
    if spec == "virtual":
        return VirtualClock()
    if spec == "real":
        return ScaledClock(1.0)
    try:
        factor = float(spec.removeprefix("x")) if spec.startswith("x") else None
    except ValueError:
        factor = None
    if factor is None:
        raise ValueError(f"clock {spec!r} is not one of: virtual, real, x50 (any number after the x)")
    try:
        return ScaledClock(factor)
    except ValueError as error:
        raise ValueError(f"clock {spec!r}: {error}") from None

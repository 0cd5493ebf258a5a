"""The time that a server's requests see when much is due at once.

A thousand runs that were started together have their next moments together, and writing all of those before the next request would keep
everybody waiting. So they happen a few at a time, with requests in between. Until all is done, the time that the server tells is a little
behind the clock: it is the moment that the engine has come to. Whoever asks sees the state of one moment, as always, and none that is more
than `MOST_BEHIND` old.
"""

import asyncio
from typing import Protocol

from threadlab.virtual_time.clock import Clock

AT_ONCE = 16
"""Runs that go on before requests get their turn. Each takes about a tenth of a millisecond."""
MOST_BEHIND = 0.25
"""Seconds, of the service's clock, that its time may stand behind: what was due before that happens at once."""


class Engine(Protocol):
    """The part of the engine that is needed here."""

    def advance_some(self, now: float, most: int, until: float) -> float: ...


class CatchingUp:
    """A clock for whoever hands requests to `engine`: `clock`, or the moment that the engine has come to."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine, self._clock = engine, clock
        self._reached: float | None = None
        """Where the engine is while it is behind."""
        self._goes_on = False

    def now(self) -> float:
        return self._clock.now() if self._reached is None else self._reached

    def sleep(self, seconds: float) -> None:
        self._clock.sleep(seconds)

    async def asleep(self, seconds: float) -> None:
        await self._clock.asleep(seconds)

    def step(self) -> None:
        """Let some of what is due happen, and the rest soon. Called in the event loop, before requests are handled."""
        now = self._clock.now()
        reached = self._engine.advance_some(now, AT_ONCE, now - MOST_BEHIND)
        self._reached = reached if reached < now else None
        if self._reached is not None and not self._goes_on:
            self._goes_on = True
            asyncio.get_running_loop().call_soon(self._go_on)

    def _go_on(self) -> None:
        self._goes_on = False
        self.step()

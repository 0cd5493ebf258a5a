"""Around the trials of a graded notebook: a service for the cells that only look around.

A submission's own demonstration cells (`client = OpenAI()`, a poll, a sleep) find a service that runs two hundred times as fast as real
time, so that they work and cost nothing. Nothing that happens there counts.
"""

import asyncio
import contextlib
import time
from typing import Any

from threadlab.guest import patches

FACTOR = 200.0
_stack = contextlib.ExitStack()
_started: list[Any] = []


def start() -> None:
    """From here on, clients in this process talk to a service of their own, and waiting is 200 times as fast. Harmless to call twice."""
    if _started:
        return
    from threadlab.clock import ScaledClock
    from threadlab.service import Service

    patches.install()
    clock = ScaledClock(FACTOR)
    service = Service(clock=clock)
    real_monotonic, real_sleep = patches.real("monotonic"), asyncio.sleep
    begun = real_monotonic()
    source = patches.TimeSource(
        clock.now,
        lambda: begun + (real_monotonic() - begun) * FACTOR,
        lambda seconds: patches.real("sleep")(seconds / FACTOR),
        patches.real("new_event_loop"),
    )

    async def sleep(delay: float, result: Any = None) -> Any:
        return await real_sleep(delay / FACTOR if patches.current() is source else delay, result)

    asyncio.sleep = asyncio.tasks.sleep = sleep
    environment = {"OPENAI_API_KEY": service.key, "OPENAI_BASE_URL": "http://threadlab.invalid/v1"}
    _stack.enter_context(patches.active(source, service.transport, environment))
    _started.extend((service, time.time()))

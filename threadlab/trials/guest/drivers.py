"""How an answer is put to use in a trial. What these do is no secret; what is expected of it is decided elsewhere."""

import inspect
from collections.abc import Callable
from typing import Any

from threadlab.trials.guest.desks import desk
from threadlab.trials.guest.lanes import says
from threadlab.trials.guest.queues import submits
from threadlab.trials.guest.stage import Stage

BETWEEN_PROCESSES = 1.0
"""Seconds from the end of one process to the start of the next."""


def call(stage: Stage) -> Any:
    """Call the function. A coroutine function is awaited by whoever runs the driver."""
    return stage.process().call(stage.spec.args, stage.spec.kwargs)


def value(stage: Stage) -> Any:
    """The value itself: for answers that are data."""
    return stage.process().entry


def processes(stage: Stage) -> list[list[Any]]:
    """Several processes, one after the other: `args` has a list of calls for each, and a call is a list of arguments."""
    returned: list[list[Any]] = []
    for number, calls in enumerate(stage.spec.args):
        if number:
            stage.end_process()
            stage.link.sleep(BETWEEN_PROCESSES)
        process = stage.process()
        returned.append([stage.finish(process.call(args, stage.spec.kwargs)) for args in calls])
    return returned


DRIVERS: dict[str, Callable[[Stage], Any]] = {
    "call": call,
    "value": value,
    "processes": processes,
    "says": says,
    "submits": submits,
    "desk": desk,
}


async def settled(value: Any) -> Any:
    """The value behind an awaitable, or the value itself."""
    return await value if inspect.isawaitable(value) else value

"""How an answer is put to use in a trial. What these do is no secret; what is expected of it is decided elsewhere."""

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

from threadlab.trials.guest import messages as m
from threadlab.trials.guest.context import TrialContext


def call(context: TrialContext) -> Any:
    """Call the function. A coroutine function is awaited by whoever runs the driver."""
    return context.process().call(context.spec.args, context.spec.kwargs)


def value(context: TrialContext) -> Any:
    """The value itself: for answers that are data."""
    return context.process().entry


def calls(context: TrialContext) -> list[Any]:
    """Several calls in one process, one after the other. `args` has a list of arguments for each, or `{"args": […], "kwargs": {…}}` where
    a call has keyword arguments of its own."""
    process = context.process()
    each = [one if isinstance(one, dict) else {"args": one, "kwargs": {}} for one in context.spec.args]
    return [context.finish(process.call(one["args"], {**context.spec.kwargs, **one["kwargs"]})) for one in each]


async def says(context: TrialContext) -> list[Any]:
    """Make the object, then let several callers `say` something, begun in the order of `kwargs["turns"]`: at the same time, or each as
    many seconds from the start as `kwargs["at"]` says.

    What comes back is, for each, the reply or what `_raised` makes of an exception.
    """
    lane = context.process().call(context.spec.args, {})

    at: list[float] = context.spec.kwargs.get("at", [])

    async def one(number: int, thread_id: str, text: str) -> Any:
        if any(at):
            await asyncio.sleep(at[number])
        try:
            result = lane.say(thread_id, text)
            return await result if inspect.isawaitable(result) else result
        except Exception as error:
            return _raised(error)

    tasks = [asyncio.ensure_future(one(number, *turn)) for number, turn in enumerate(context.spec.kwargs["turns"])]
    return list(await asyncio.gather(*tasks))


async def submits(context: TrialContext) -> list[Any]:
    """Make the object, then have users submit turns; `kwargs["turns"]` has [seconds from the start, user, thread, text] for each.

    Of `kwargs`, what is not `turns` goes to the object that is made. Turns of the same moment are submitted in the order of the list. What
    comes back is, for each, the reply or what `_raised` makes of an exception. The journal is told when a turn is submitted and when
    it is answered.
    """
    turns: list[tuple[float, str, str, str]] = context.spec.kwargs["turns"]
    queue = context.process().call(context.spec.args, {name: value for name, value in context.spec.kwargs.items() if name != "turns"})
    began = asyncio.get_running_loop().time()

    async def one(number: int, user: str, thread: str, text: str) -> Any:
        context.link.say(m.Mark("submitted", number))
        try:
            submitted = queue.submit(user, thread, text)
            return await submitted if inspect.isawaitable(submitted) else submitted
        except Exception as error:
            return _raised(error)
        finally:
            if context.link.halted is None:
                context.link.say(m.Mark("settled", number))

    tasks: list[asyncio.Task[Any]] = []
    for number, (at, user, thread, text) in enumerate(turns):
        if (wait := began + at - asyncio.get_running_loop().time()) > 0:
            await asyncio.sleep(wait)
        tasks.append(asyncio.ensure_future(one(number, user, thread, text)))
    return list(await asyncio.gather(*tasks))


async def desk(context: TrialContext) -> dict[str, list[Any]]:
    """Make the object and await its `resume`; then `handle` every ticket of `kwargs["tickets"]` at once, begun in that order, and the last
    one `kwargs["late"]` seconds after the others; when all are done, those of `kwargs["again"]` one by one.

    A ticket is `[ticket_id, user_id, text]`. What comes back for each is the answer or what `_raised` makes of an exception.
    """
    service_desk = context.process().call(context.spec.args, {})
    await settled(service_desk.resume())
    context.link.say(m.Mark("resumed", -1))

    async def one(ticket: list[str]) -> Any:
        try:
            return await settled(service_desk.handle(*ticket))
        except Exception as error:
            return _raised(error)

    *at_once, last = context.spec.kwargs["tickets"]
    tasks = [asyncio.ensure_future(one(ticket)) for ticket in at_once]
    if late := context.spec.kwargs.get("late", 0.0):
        await asyncio.sleep(late)
    tasks.append(asyncio.ensure_future(one(last)))
    first = list(await asyncio.gather(*tasks))
    return {"first": first, "again": [await one(ticket) for ticket in context.spec.kwargs["again"]]}


def _raised(error: Exception) -> dict[str, Any]:
    """An exception as it is told: the name of its class, those of the classes above it, and its text."""
    kinds = [one.__name__ for one in type(error).__mro__ if one not in (object, BaseException)]
    return {"raised": kinds[0], "message": str(error)[:500], "kinds": kinds}


async def settled(value: Any) -> Any:
    """The value behind an awaitable, or the value itself."""
    return await value if inspect.isawaitable(value) else value


DRIVERS: dict[str, Callable[[TrialContext], Any]] = {
    "call": call,
    "value": value,
    "calls": calls,
    "says": says,
    "submits": submits,
    "desk": desk,
}

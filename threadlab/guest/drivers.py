"""How an answer is put to use in a trial. What these do is no secret; what is expected of it is decided elsewhere."""

import inspect
from collections.abc import Callable
from typing import Any

from threadlab.guest.link import Link


def call(entry: Any, args: list[Any], kwargs: dict[str, Any], link: Link) -> Any:
    """Call the function. A coroutine function is awaited by whoever runs the driver."""
    return entry(*args, **kwargs)


def value(entry: Any, args: list[Any], kwargs: dict[str, Any], link: Link) -> Any:
    """The value itself: for answers that are data."""
    return entry


DRIVERS: dict[str, Callable[[Any, list[Any], dict[str, Any], Link], Any]] = {"call": call, "value": value}


async def settled(value: Any) -> Any:
    """The value behind an awaitable, or the value itself."""
    return await value if inspect.isawaitable(value) else value

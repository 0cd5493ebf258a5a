"""Tools that an exercise hands to a learner: functions that answer what they were told to answer, and report each time they are called."""

from collections.abc import Callable, Mapping
from typing import Any

from threadlab.trials.guest.link import Link

Tool = Callable[..., str]


def make_tools(given: Mapping[str, Mapping[str, Any]], link: Link) -> dict[str, Tool]:
    """Tools by name. Of each is `given` what it `says` (a format of its arguments; `{n}` counts its calls, so that no two answers are the
    same), and perhaps how many `seconds` it takes and for which values of an argument it `fails`, with what words."""
    return {name: _tool(name, one, link) for name, one in given.items()}


def _tool(name: str, given: Mapping[str, Any], link: Link) -> Tool:
    calls = 0

    def tool(**arguments: Any) -> str:
        nonlocal calls
        calls += 1
        reason = next((why for value, why in given.get("fails", {}).items() if value in arguments.values()), None)
        try:
            said = str(given["says"]).format(**arguments, n=calls)
        except KeyError as missing:
            raise TypeError(f"{name} needs the argument {missing}, and was called with {sorted(arguments)}") from None
        shown = ", ".join(f"{key}={value!r}" for key, value in arguments.items())
        link.witness("tool", text=f"{name}({shown})"[:300], tool=name, arguments=_plain(arguments), said=None if reason else said)
        link.sleep(given.get("seconds", 0.0))
        if reason is not None:
            raise LookupError(reason)
        return said

    tool.__name__ = tool.__qualname__ = name
    return tool


def _plain(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments as JSON could carry them, whatever a learner passes on."""
    return {key: value if value is None or isinstance(value, bool | int | float) else str(value)[:500] for key, value in arguments.items()}

"""A learner's value as plain data: what it was, bounded, and never code."""

import dataclasses
from typing import Any

MAX_TEXT, MAX_ITEMS, MAX_DEPTH = 20_000, 200, 6


def describe(value: Any, depth: int = MAX_DEPTH) -> Any:
    """Strings, numbers, lists and dictionaries as they are; SDK objects and dataclasses as their fields; the rest by its type and its repr.

    What comes back has only exact built-in types, so that nothing of the learner's own can travel in it.
    """
    kind = type(value)
    if value is None or kind in (bool, int, float):
        return value
    if kind is str:
        return value[:MAX_TEXT]
    if depth > 0:
        if kind in (list, tuple):
            return [describe(one, depth - 1) for one in value[:MAX_ITEMS]]
        if kind is dict:
            return {str(key)[:200]: describe(one, depth - 1) for key, one in list(value.items())[:MAX_ITEMS]}
        if kind.__module__.startswith("openai."):
            return {"$": kind.__name__, **describe(_fields(value), depth - 1)}
        if dataclasses.is_dataclass(kind):
            return {"$": kind.__name__, **describe(_given(value), depth - 1)}
    return {"$": kind.__name__, "repr": _repr(value)}


def _fields(value: Any) -> dict[str, Any]:
    try:
        dumped = value.model_dump(mode="json")
    except Exception:
        return {}
    return dumped if type(dumped) is dict else {}


def _given(value: Any) -> dict[str, Any]:
    """The fields of a dataclass, those that can be read."""
    try:
        return {one.name: getattr(value, one.name) for one in dataclasses.fields(value)}
    except Exception:
        return {}


def _repr(value: Any) -> str:
    try:
        return str(repr(value))[:500]
    except BaseException:
        return "(no repr)"

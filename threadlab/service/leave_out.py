"""Which part of a request's body an error is about, and the body without it."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from threadlab.engine import Outcome, Reply

_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


def refused_part(outcome: Outcome) -> str | None:
    """The parameter that an error names, such as `tools[0].async`; None for any other answer."""
    if not isinstance(outcome, Reply) or outcome.status not in (400, 404) or outcome.stream is not None:
        return None
    try:
        param = msgspec.json.decode(outcome.body)["error"]["param"]
    except (msgspec.DecodeError, KeyError, TypeError):
        return None
    return param if isinstance(param, str) and param else None


def without(body: bytes, param: str) -> bytes | None:
    """The JSON without that part; None if it is not in there."""
    try:
        given = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    steps: list[Any] = [name or int(index) for name, index in _STEP.findall(param)]
    if not steps:
        return None
    holder = given
    for step in steps[:-1]:
        if not _has(holder, step):
            return None
        holder = holder[step]
    if not _has(holder, steps[-1]):
        return None
    del holder[steps[-1]]
    return msgspec.json.encode(given)


def _has(holder: Any, step: str | int) -> bool:
    return step in holder if isinstance(holder, dict) else isinstance(holder, list) and isinstance(step, int) and step < len(holder)

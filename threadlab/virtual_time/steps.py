"""A bound on computing that counts steps, for where nothing can interrupt: a browser tab has neither signals nor threads.

A step is a jump backwards in code that is neither Python's own nor an installed package's: one turn of a loop that somebody wrote here.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CodeType
from typing import Any

_NAME = "threadlab"
_TOOL = 4
_INSTALLED = (os.sep + "site-packages" + os.sep, os.path.dirname(os.__file__) + os.sep, "<frozen")


def available() -> bool:
    """Whether this Python can count (3.12 and later)."""
    return hasattr(sys, "monitoring")


class Turns:
    """Counts turns of loops. Past `most`, `too_many()` is raised in the loop. `look` is called at every 256th turn and may raise, too."""

    def __init__(self, most: int, too_many: Callable[[], BaseException], look: Callable[[], None] | None = None) -> None:
        self.most, self.too_many, self.look = most, too_many, look
        self.done = 0

    def turn(self) -> None:
        self.done += 1
        if self.done > self.most:
            self.done = self.most - self.most // 10  # code that catches it gets a tenth of them again, and is told again
            raise self.too_many()
        if self.look is not None and self.done % _LOOK_EVERY == 0:
            self.look()


_LOOK_EVERY = 256
_counting: Turns | None = None


def count_with(turns: Turns | None) -> Turns | None:
    """From here on turns are counted by `turns` (None: not at all); returns who counted before. Does nothing where Python cannot count."""
    global _counting
    before, _counting = _counting, turns
    if turns is not None and available():
        _install()
    return before


@contextmanager
def counted(turns: Turns) -> Iterator[None]:
    """Count with `turns` while this lasts."""
    before = count_with(turns)
    try:
        yield
    finally:
        count_with(before)


def _install() -> None:
    """Have Python report jumps, once and for all: to switch that on and off costs more than to leave it on."""
    monitoring: Any = sys.monitoring  # type: ignore[attr-defined, unused-ignore]
    if monitoring.get_tool(_TOOL) is not None:
        return

    def jumped(code: CodeType, offset: int, target: int) -> Any:
        if target > offset or _is_installed(code.co_filename):
            return monitoring.DISABLE
        if _counting is not None:
            _counting.turn()
        return None

    monitoring.use_tool_id(_TOOL, _NAME)
    monitoring.register_callback(_TOOL, monitoring.events.JUMP, jumped)
    monitoring.set_events(_TOOL, monitoring.events.JUMP)


def _is_installed(file: str) -> bool:
    return any(part in file for part in _INSTALLED)

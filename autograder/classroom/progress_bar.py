"""How far a class has been graded: a bar with the time left on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from autograder.printable import SafeConsole

EVERY = 5.0
"""Seconds between two plain lines."""


class Display:
    """Used as a context; `done` is called for each submission."""

    def __init__(self, title: str, total: int, console: Console | None = None, what: str = "submissions") -> None:
        self._title, self._total, self._count = title, total, 0
        self._what = what.removesuffix("s") if total == 1 else what
        self._console = console or SafeConsole(stderr=True, highlight=False, soft_wrap=True)
        self._bar: Progress | None = None
        self._start = self._last = self._first = time.monotonic()

    def __enter__(self) -> Display:
        if self._console.is_terminal:
            columns = (
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeRemainingColumn(),
                TextColumn("{task.fields[last]}"),
            )
            self._bar = Progress(*columns, console=self._console, transient=True)
            self._task = self._bar.add_task(self._title, total=self._total, last="")
            self._bar.start()
        else:
            print(f"{self._title}: {self._total} {self._what}", file=sys.stderr, flush=True)
        return self

    def done(self, student: str) -> None:
        """One more is ready."""
        self._count += 1
        if self._bar is not None:
            self._bar.update(self._task, advance=1, last=student[:30])
            return
        now = time.monotonic()
        if self._count == 1:
            self._first = now  # it has waited for all that is started, and says nothing about the others
        if self._count == self._total or now - self._last >= EVERY:
            self._last = now
            print(f"{self._title}: {self._count} of {self._total}{self._rest(now)}", file=sys.stderr, flush=True)

    def _rest(self, now: float) -> str:
        if self._count == self._total:
            return f" in {now - self._start:.1f} s"
        if self._count == 1:
            return ""
        return f", about {(now - self._first) / (self._count - 1) * (self._total - self._count):.0f} s left"

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.stop()

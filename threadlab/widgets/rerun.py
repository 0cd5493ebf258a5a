"""One trial, watched: which line of the code sent each request, and when there was a choice of what is delivered next."""

from __future__ import annotations

import asyncio
import linecache
import sys
import sysconfig
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

import msgspec

from threadlab.trials.guest import messages as m
from threadlab.trials.guest.messages import Ending, Spec
from threadlab.trials.host import Host
from threadlab.trials.trial import KEY, Evidence, World, in_process, replaying

PACKAGE = str(Path(__file__).parents[1])
LIBRARIES = tuple({PACKAGE, *(sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib"))})
DEPTH = 24
"""How many callers of a coroutine Python is to remember."""


class Line(NamedTuple):
    """A line of the reader's code."""

    file: str
    number: int

    def text(self) -> str:
        return linecache.getline(self.file, self.number).strip()

    def around(self, before: int = 4, after: int = 4) -> list[tuple[int, str]]:
        """It and its neighbours, with their numbers."""
        lines = [
            (number, linecache.getline(self.file, number).rstrip("\n")) for number in range(self.number - before, self.number + after + 1)
        ]
        return [(number, text) for number, text in lines if number > 0 and (text or number <= self.number)]


class Turn(NamedTuple):
    """A point at which there was a choice: so many lines the journal had, and it was so late."""

    entries: int
    at: float


class Watched(NamedTuple):
    evidence: Evidence
    lines: dict[int, Line]
    """The line that sent each request, by the request's number."""
    turns: list[Turn]
    """One for each of the evidence's choices."""


def watch(function: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any], world: World, choices: Sequence[int] = ()) -> Watched:
    """Run `function` once, as `threadlab.trials.trial.trial` does, and look over its shoulder."""
    engine = world.engine()
    turns: list[Turn] = []
    follow = replaying(choices)

    def choose(options: tuple[str, ...]) -> int:
        turns.append(Turn(len(engine.journal), host.now))
        return follow(options)

    host = Host(engine, world.start, choose, world.limits)
    name = getattr(function, "__name__", "function")
    own = getattr(getattr(function, "__code__", None), "co_filename", "")
    lines: dict[int, Line] = {}

    def ask(said: m.Said) -> m.Told:
        if isinstance(said, m.Send) and (line := _line(own)):
            lines[said.number] = line
        return host.ask(said)

    spec = Spec(name, list(args), kwargs, start=world.start, api_key=KEY, seed=world.seed)
    ending = _run(function, name, msgspec.structs.replace(spec), ask)
    return Watched(Evidence(engine.journal, ending, host, world), lines, turns)


def quietly(call: Callable[[], Any]) -> Any:
    """The SDK's remark on every call that the API is deprecated is not news."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return call()


def _run(function: Callable[..., Any], name: str, spec: Spec, ask: Callable[[m.Said], m.Told]) -> Ending:
    before = sys.get_coroutine_origin_tracking_depth()
    sys.set_coroutine_origin_tracking_depth(DEPTH)
    try:
        ending: Ending = quietly(lambda: in_process({name: function})(spec, ask))
        return ending
    finally:
        sys.set_coroutine_origin_tracking_depth(before)


def _line(own: str) -> Line | None:
    """The innermost line of the reader's code that is being carried out; for a task, the line that made its coroutine."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None and frame.f_code is not _run.__code__:
        if _is_own(frame.f_code.co_filename, own):
            return Line(frame.f_code.co_filename, frame.f_lineno)
        frame = frame.f_back
    try:
        task = asyncio.current_task()
    except RuntimeError:
        return None
    origin = getattr(task.get_coro(), "cr_origin", None) if task else None
    return next((Line(file, number) for file, number, _ in origin or () if _is_own(file, own)), None)


def _is_own(file: str, own: str) -> bool:
    return file == own or not (file.startswith(LIBRARIES) or file.startswith("<frozen") or "importlib" in file)

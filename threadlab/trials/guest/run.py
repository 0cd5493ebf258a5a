"""Runs one trial's guest side: a fresh namespace, the answer in it, time and network that belong to the host."""

import asyncio
import contextlib
import gc
import inspect
import os
import random
import traceback
import types
import warnings
from collections.abc import Callable
from typing import Any

import msgspec

from threadlab.trials.guest import drivers
from threadlab.trials.guest import messages as m
from threadlab.trials.guest.answer import Missing
from threadlab.trials.guest.context import TrialContext
from threadlab.trials.guest.link import Link, LinkTransport, TrialHalted
from threadlab.trials.guest.values import describe
from threadlab.virtual_time import patches
from threadlab.virtual_time.loop import VirtualLoop

_ANOTHER_LIFE = 7919
"""Added to the seed of `random` when a killed program is started again: a new process draws other numbers."""


def run(spec: m.Spec, namespace: dict[str, Any], ask: Callable[[m.Said], m.Told]) -> m.Ending:
    """Run the guest side of one trial and say how it ended. Raises nothing of the learner's, whatever it does."""
    link = Link(ask, spec.start, spec.number)
    transport = LinkTransport(link)
    loops: list[VirtualLoop] = []

    def new_loop() -> VirtualLoop:
        loops.append(VirtualLoop(link.monotonic, link.idle))
        return loops[-1]

    source = patches.TimeSource(lambda: link.now, link.monotonic, link.sleep, new_loop)
    environment = {"OPENAI_API_KEY": spec.api_key, "OPENAI_BASE_URL": "http://threadlab.invalid/v1"}
    watch = _Watch()

    def finish(value: Any) -> Any:
        return _run_async(new_loop(), value, watch) if inspect.isawaitable(value) else value

    context = TrialContext(spec, namespace, link, transport, finish)
    state = random.getstate()
    with patches.alone(source, transport, environment), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        random.seed(spec.seed + _ANOTHER_LIFE * (spec.attempt - 1))
        try:
            ending = _attempt(context, link)
        finally:
            link.over = True
            for loop in loops:
                _put_away(loop)
            random.setstate(state)
    return _with_leftovers(ending, watch, caught)


def _attempt(context: TrialContext, link: Link) -> m.Ending:
    called = False
    try:
        value = drivers.DRIVERS[context.spec.driver](context)
        called = True  # what is raised from here on is raised by what the call returned: a coroutine of the SDK's, perhaps
        return m.Ending("returned", describe(context.finish(value)))
    except TrialHalted as halted:
        return m.Ending("halted", message=str(halted), line=_where(halted))
    except Missing as missing:
        return m.Ending("missing", type="NameError", message=f"`{missing}` is not defined")
    except SyntaxError as error:
        return m.Ending("broken", type=type(error).__name__, message=str(error))
    except (Exception, KeyboardInterrupt, SystemExit, asyncio.CancelledError) as error:
        if link.halted is not None:
            return m.Ending("halted", message=link.halted, line=_where(error))
        fault = _learners_line(error)
        how, name = "raised" if fault or called else "broken", type(error).__name__
        return m.Ending(how, type=name, message=_text(error), line=fault or "", bases=_bases(error))


def _run_async(loop: VirtualLoop, value: Any, watch: "_Watch") -> Any:
    loop.set_exception_handler(watch.heard)
    asyncio.set_event_loop(loop)
    try:
        result = loop.run_until_complete(drivers.settled(value))
        watch.forgotten += [_task_name(task) for task in asyncio.all_tasks(loop) if inspect.iscoroutine(task.get_coro())]
        return result
    finally:
        asyncio.set_event_loop(None)


def _put_away(loop: VirtualLoop) -> None:
    """Cancel what is left without letting it do anything more."""
    if loop.is_closed():
        return
    loop.set_exception_handler(lambda *_: None)
    for task in asyncio.all_tasks(loop):
        task._log_destroy_pending = False  # type: ignore[attr-defined]
        # While the loop is open: a worker that waits on a queue tidies up as it goes, and would complain of a closed loop later.
        with contextlib.suppress(BaseException):
            task.get_coro().close()
    loop._ready.clear()  # type: ignore[attr-defined]
    loop._scheduled.clear()  # type: ignore[attr-defined]
    loop.close()


def _task_name(task: "asyncio.Task[Any]") -> str:
    coroutine = task.get_coro()
    return getattr(coroutine, "__qualname__", str(coroutine))


class _Watch:
    """What the event loop complains about."""

    def __init__(self) -> None:
        self.forgotten: list[str] = []
        self.errors: list[str] = []

    def heard(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if error is not None and not isinstance(error, TrialHalted):
            self.errors.append(f"{type(error).__name__}: {_text(error)}")


def _with_leftovers(ending: m.Ending, watch: _Watch, caught: list[warnings.WarningMessage]) -> m.Ending:
    gc.collect(0)
    said = [str(one.message) for one in caught]
    never = [text.split("'")[1] for text in said if "was never awaited" in text and "'" in text and not text.startswith(_OF_A_GENERATOR)]
    if not (watch.forgotten or watch.errors or never):
        return ending
    return msgspec.structs.replace(ending, forgotten=watch.forgotten[:20], never_awaited=never[:20], task_errors=watch.errors[:20])


_OF_A_GENERATOR = "coroutine method "
"""What a warning about a method of an asynchronous generator begins with, from Python 3.12 on. The event loop itself closes one that was
not read to its end, and does not come to it when it stops."""


def _text(error: BaseException) -> str:
    try:
        return str(error)[:2000]
    except BaseException:
        return ""


def _frames(error: BaseException) -> list[traceback.FrameSummary]:
    return traceback.extract_tb(error.__traceback__) if isinstance(error.__traceback__, types.TracebackType) else []


def _learners_line(error: BaseException) -> str | None:
    """The last line of the learner's own code that the error passed through."""
    own = [frame for frame in _frames(error) if not frame.filename.startswith(_OURS) and "site-packages" not in frame.filename]
    own = [frame for frame in own if "/lib/python" not in frame.filename and "\\lib\\" not in frame.filename.lower()]
    own = [frame for frame in own if frame.filename != _GENERATED]
    return f"line {own[-1].lineno}: {own[-1].line or ''}".strip() if own else None


_GENERATED = "<string>"
"""What Python calls the code that a library makes while it runs: SQLAlchemy and `dataclasses` do."""
_OURS = os.path.dirname(os.path.dirname(os.path.dirname(__file__))) + os.sep
"""Where this package is."""


def _bases(error: BaseException) -> list[str]:
    return [one.__name__[:100] for one in type(error).__mro__[1:20]]


def _where(error: BaseException) -> str:
    return _learners_line(error) or ""

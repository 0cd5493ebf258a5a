"""Runs one trial's guest side: a fresh namespace, the answer in it, time and network that belong to the host."""

import ast
import asyncio
import gc
import inspect
import linecache
import random
import traceback
import types
import warnings
from collections.abc import Callable
from typing import Any

from threadlab.guest import drivers, patches
from threadlab.guest import messages as m
from threadlab.guest.link import Link, LinkTransport, TrialHalted
from threadlab.guest.loop import VirtualLoop
from threadlab.guest.values import describe

_ANSWER = "<answer {}>"


class Missing(Exception):
    """A name that the answer should define is not there."""


def run(spec: m.Spec, namespace: dict[str, Any], ask: Callable[[m.Said], m.Told]) -> m.Ending:
    """Run the guest side of one trial and say how it ended. Raises nothing of the learner's, whatever it does."""
    link = Link(ask, spec.start)
    transport = LinkTransport(link)
    loops: list[VirtualLoop] = []

    def new_loop() -> VirtualLoop:
        loops.append(VirtualLoop(link.monotonic, link.idle))
        return loops[-1]

    source = patches.TimeSource(lambda: link.now, link.monotonic, link.sleep, new_loop)
    environment = {"OPENAI_API_KEY": spec.api_key, "OPENAI_BASE_URL": "http://threadlab.invalid/v1"}
    watch = _Watch()
    state = random.getstate()
    with patches.alone(source, transport, environment), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        random.seed(spec.seed)
        try:
            ending = _attempt(spec, namespace, link, transport, new_loop, watch)
        finally:
            for loop in loops:
                _put_away(loop)
            random.setstate(state)
    return _with_leftovers(ending, watch, caught)


def _attempt(
    spec: m.Spec,
    namespace: dict[str, Any],
    link: Link,
    transport: LinkTransport,
    new_loop: Callable[[], VirtualLoop],
    watch: "_Watch",
) -> m.Ending:
    try:
        fresh = _defined_afresh(spec, namespace)
        args = [_argument(one, transport, spec) for one in spec.args]
        kwargs = {name: _argument(one, transport, spec) for name, one in spec.kwargs.items()}
        value = drivers.DRIVERS[spec.driver](fresh[spec.entry], args, kwargs, link)
        if inspect.isawaitable(value):
            value = _run_async(new_loop(), value, watch)
        return m.Ending("returned", describe(value))
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
        return m.Ending("raised" if fault else "broken", type=type(error).__name__, message=_text(error), line=fault or "")


def _defined_afresh(spec: m.Spec, namespace: dict[str, Any]) -> dict[str, Any]:
    """The namespace with the answer cells run again. A cell that fails spoils only what it should have defined."""
    fresh = dict(namespace)
    if spec.sources:
        fresh.pop(spec.entry, None)
    problem: BaseException | None = None
    for index, text in enumerate(spec.sources):
        name = _ANSWER.format(index)
        linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
        try:
            _execute(text, name, fresh, spec.entry)
        except Exception as error:
            problem = problem or error
    if spec.entry not in fresh:
        raise problem if problem is not None and _mentions(spec) else Missing(spec.entry)
    return fresh


def _mentions(spec: m.Spec) -> bool:
    """Whether the answer cells have the name in them at all: then what went wrong there is the reason that it is missing."""
    return any(spec.entry in text for text in spec.sources) or all("NotImplementedError" in text for text in spec.sources)


def _execute(text: str, name: str, namespace: dict[str, Any], entry: str) -> None:
    """Run what an answer cell defines, again. Its tries (calls of the answer, loose expressions, a top-level `await`) ran once already."""
    tree = ast.parse(_plain(text), name)
    tree.body = [statement for statement in tree.body if _defines(statement, entry)]
    exec(compile(tree, name, "exec", dont_inherit=True), namespace)


def _plain(text: str) -> str:
    """A cell without IPython's own syntax, where IPython is there to know it."""
    if not any(line.lstrip().startswith(("%", "!", "?")) or line.rstrip().endswith("?") for line in text.splitlines()):
        return text
    try:
        from IPython.core.inputtransformer2 import TransformerManager
    except ImportError:
        return text
    transformed: str = TransformerManager().transform_cell(text)  # type: ignore[no-untyped-call]
    return transformed


def _defines(statement: ast.stmt, entry: str) -> bool:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom):
        return True
    if isinstance(statement, ast.Expr):
        return False
    inside = list(ast.walk(statement))
    return not any(isinstance(node, ast.Await) for node in inside) and not any(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == entry for node in inside
    )


def _argument(value: Any, transport: LinkTransport, spec: m.Spec) -> Any:
    if not isinstance(value, dict) or "$" not in value:
        return value
    import httpx2
    import openai

    options: dict[str, Any] = {"api_key": spec.api_key, "base_url": "http://threadlab.invalid/v1"}
    options |= {name: value[name] for name in ("api_key", "max_retries", "timeout") if name in value}
    if value["$"] == "client":
        return openai.OpenAI(http_client=httpx2.Client(transport=transport), **options)
    if value["$"] == "async_client":
        return openai.AsyncOpenAI(http_client=httpx2.AsyncClient(transport=transport), **options)
    raise ValueError(f"no argument is called {value['$']!r}")


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
    never = [str(one.message).split("'")[1] for one in caught if "was never awaited" in str(one.message) and "'" in str(one.message)]
    if not (watch.forgotten or watch.errors or never):
        return ending
    return m.Ending(
        ending.how,
        ending.value,
        ending.type,
        ending.message,
        ending.line,
        watch.forgotten[:20],
        never[:20],
        watch.errors[:20],
    )


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
    return f"line {own[-1].lineno}: {own[-1].line or ''}".strip() if own else None


_OURS = __file__.rpartition("run.py")[0]


def _where(error: BaseException) -> str:
    return _learners_line(error) or ""

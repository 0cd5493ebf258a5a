"""Time and network as a trial (or `service.time()`) wants them.

The wrappers are put in place once, by `install()`, before any answer runs, so that `from time import sleep` in an answer binds them too.
Outside a trial they hand over to the real thing.
"""

import asyncio
import contextlib
import datetime as datetime_module
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from types import BuiltinFunctionType
from typing import Any

from threadlab.errors import ThreadlabError
from threadlab.virtual_time import _state
from threadlab.virtual_time.clock import VirtualClock
from threadlab.virtual_time.loop import VirtualLoop, current_loop, loop_on


class TimeSource:
    """Where the time comes from while it is not real."""

    def __init__(
        self,
        now: Callable[[], float],
        monotonic: Callable[[], float],
        sleep: Callable[[float], None],
        new_loop: Callable[[], asyncio.AbstractEventLoop],
        *,
        sleeps_anywhere: bool = False,
    ) -> None:
        self.now, self.monotonic, self.sleep, self.new_loop = now, monotonic, sleep, new_loop
        self.thread = threading.get_ident()
        self.sleeps_anywhere = sleeps_anywhere
        """Whether other threads than the one that made this sleep on its time, too."""
        self.attendants = frozenset(one.ident for one in threading.enumerate() if one.daemon and one.ident != self.thread)
        """Daemons that were there before, such as a notebook kernel's, one of which sleeps a second again and again. Their time is real and
        their requests go where they would go: on virtual time they would turn the clock, and in a trial they would be a part of it."""


_active: TimeSource | None = None
_transport: Any = None
"""What requests go through while they are not to reach the network."""

_routes: dict[str, Any] = {}
"""What requests to these hosts go through while there is no trial."""

_TURN = 0.001
"""Real seconds that other threads are given before one that sleeps moves virtual time on."""

_real: dict[str, Any] = {}
_real_datetime, _real_date = datetime_module.datetime, datetime_module.date


def _sleep(seconds: float) -> None:
    source = _active
    if source is None or threading.get_ident() in source.attendants:
        _real["sleep"](seconds)
        return
    if seconds < 0:
        raise ValueError("sleep length must be non-negative")
    if threading.get_ident() == source.thread:
        source.sleep(seconds)
        return
    loop = current_loop()
    if loop is not None:
        loop.run_from_worker(asyncio.sleep(seconds))
    elif source.sleeps_anywhere:
        wakes = source.now() + seconds
        _real["sleep"](_TURN)  # so that threads that go to sleep together wake together, not one after the other
        source.sleep(wakes - source.now())
    else:
        _real["sleep"](seconds)


def _reader(name: str, scale: int | None, clock: str) -> Callable[[], Any]:
    def read() -> Any:
        source = _active
        if source is None:
            return _real[name]()
        value = getattr(source, clock)()
        return int(value * scale) if scale else value

    read.__name__ = read.__qualname__ = name
    return read


_READERS = (
    ("time", None, "now"),
    ("time_ns", 10**9, "now"),
    ("monotonic", None, "monotonic"),
    ("monotonic_ns", 10**9, "monotonic"),
    ("perf_counter", None, "monotonic"),
    ("perf_counter_ns", 10**9, "monotonic"),
)


class _InstanceCheck(type):
    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, cls.__mro__[1])

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, cls.__mro__[1])


class VirtualDatetime(_real_datetime, metaclass=_InstanceCheck):  # type: ignore[valid-type, misc]
    """`datetime.datetime` whose now is the trial's. Every instance it makes is an ordinary datetime."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        return _real_datetime(*args, **kwargs)

    @classmethod
    def now(cls, tz: datetime_module.tzinfo | None = None) -> Any:
        return _real_datetime.fromtimestamp(time.time(), tz)

    @classmethod
    def utcnow(cls) -> Any:
        return _real_datetime.fromtimestamp(time.time(), datetime_module.UTC).replace(tzinfo=None)

    @classmethod
    def today(cls) -> Any:
        return cls.now()


class VirtualDate(_real_date, metaclass=_InstanceCheck):  # type: ignore[valid-type, misc]
    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        return _real_date(*args, **kwargs)

    @classmethod
    def today(cls) -> Any:
        return _real_date.fromtimestamp(time.time())


def _new_event_loop() -> asyncio.AbstractEventLoop:
    source = _active
    loop: asyncio.AbstractEventLoop = source.new_loop() if source is not None else _real["new_event_loop"]()
    return loop


def _get_event_loop() -> asyncio.AbstractEventLoop:
    source = _active
    if source is None or asyncio._get_running_loop() is not None:
        result: asyncio.AbstractEventLoop = _real["get_event_loop"]()
        return result
    loop = source.new_loop()
    asyncio.set_event_loop(loop)
    return loop


def real(name: str) -> Any:
    """The real function that a wrapper of this name stands for: `sleep`, `monotonic`, `new_event_loop`..."""
    return _real[name]


def current() -> TimeSource | None:
    """Where the time comes from just now; None when it is real."""
    return _active


def install() -> None:
    """Put the wrappers in place. Harmless to call again."""
    if _real:
        return
    _real["sleep"] = time.sleep
    for name, scale, clock in _READERS:
        _real[name] = getattr(time, name)
        setattr(time, name, _reader(name, scale, clock))
    time.sleep = _sleep  # type: ignore[assignment]
    _real["new_event_loop"], _real["get_event_loop"] = asyncio.new_event_loop, asyncio.get_event_loop
    for module in (asyncio, asyncio.events):
        module.new_event_loop = _new_event_loop  # type: ignore[attr-defined]
        module.get_event_loop = _get_event_loop  # type: ignore[attr-defined]
    _install_network()


_NOT_OURS = sys.stdlib_module_names | {"_pytest", "pytest", "xdist", "execnet", "threadlab"}


def _catch_up() -> None:
    """Give the wrappers to code that was imported before them and holds the real functions (`from time import sleep`)."""
    global _caught_up
    if _caught_up:
        return
    _caught_up = True
    names = ("sleep", *(name for name, _, _ in _READERS))
    wrappers = {_real[name]: getattr(time, name) for name in names}
    for module_name, module in tuple(sys.modules.items()):
        if module_name.partition(".")[0] in _NOT_OURS:
            continue
        for name, value in tuple(getattr(module, "__dict__", {}).items()):
            # Not isinstance: a module that is loaded when it is first looked at, as openai's are, would be loaded by it.
            if type(value) is BuiltinFunctionType and value in wrappers:
                setattr(module, name, wrappers[value])


_caught_up = False


def route(host: str, transport: Any) -> None:
    """From here on requests of every httpx2 client to `host` go through `transport`; with None they go to the network again."""
    if transport is None:
        _routes.pop(host, None)
    else:
        _install_network()
        _routes[host] = transport


def _way(request: Any) -> Any:
    """The transport that stands in for the network, if any."""
    if _transport is not None and _active is not None and threading.get_ident() not in _active.attendants:
        return _transport
    return _routes.get(request.url.host) if _routes else None


def _install_network() -> None:
    """Requests of every httpx2 client go through the trial's transport while there is one. Harmless to call again."""
    global _network_installed
    if _network_installed:
        return
    _network_installed = True
    import httpx2
    import openai._base_client

    real_sync, real_async = httpx2.HTTPTransport.handle_request, httpx2.AsyncHTTPTransport.handle_async_request

    def handle_request(self: Any, request: Any) -> Any:
        way = _way(request)
        return way.handle_request(request) if way is not None else real_sync(self, request)

    async def handle_async_request(self: Any, request: Any) -> Any:
        way = _way(request)
        return await (way.handle_async_request(request) if way is not None else real_async(self, request))

    httpx2.HTTPTransport.handle_request = handle_request  # type: ignore[method-assign]
    httpx2.AsyncHTTPTransport.handle_async_request = handle_async_request  # type: ignore[method-assign]

    base: Any = openai._base_client
    # AsyncOpenAI looks its platform up in a worker thread, on its first request; it is the same every time, and cheap to know beforehand.
    real_asyncify, real_platform = base.asyncify, base.get_platform
    result = real_platform()

    def asyncify(function: Any, *args: Any, **kwargs: Any) -> Any:
        if function is not real_platform or (_active is None and sys.platform != "emscripten"):
            return real_asyncify(function, *args, **kwargs)

        async def platform() -> Any:
            return result

        return platform

    base.asyncify = asyncify


_network_installed = False


def _install_older() -> None:
    """The same for clients of httpx, where a program has it."""
    if "httpx" in sys.modules:
        from threadlab.virtual_time import older_httpx

        older_httpx.install(_way)


@contextlib.contextmanager
def _no_running_loop() -> Iterator[None]:
    """Set a running loop (a notebook's) aside, and its current task with it."""
    outer = asyncio._get_running_loop()
    if outer is None:
        yield
        return
    swap = getattr(asyncio.tasks, "_swap_current_task", None) if sys.version_info >= (3, 14) else None
    task = swap(outer, None) if swap else None
    asyncio._set_running_loop(None)
    try:
        yield
    finally:
        asyncio._set_running_loop(outer)
        if swap:
            swap(outer, task)


@contextlib.contextmanager
def active(source: TimeSource, transport: Any = None, environment: dict[str, str] | None = None) -> Iterator[None]:
    """Time from `source`, requests through `transport` (None: to where they would go), these environment variables, until the end."""
    global _active, _transport
    install()
    before = _active, _transport, _state.trial_active
    saved = {name: os.environ.get(name) for name in environment or {}}
    os.environ.update(environment or {})
    _active = source
    if transport is not None:
        _install_older()
        _transport, _state.trial_active = transport, True
    datetime_module.datetime, datetime_module.date = VirtualDatetime, VirtualDate  # type: ignore[misc]
    try:
        yield
    finally:
        _active, _transport, _state.trial_active = before
        if _active is None:
            datetime_module.datetime, datetime_module.date = _real_datetime, _real_date  # type: ignore[misc]
        for name, value in saved.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextlib.contextmanager
def alone(source: TimeSource, transport: Any, environment: dict[str, str] | None = None) -> Iterator[None]:
    """As `active`, with a loop that is already running set aside: for trials."""
    with active(source, transport, environment), _no_running_loop():
        yield


@contextlib.contextmanager
def virtual_time(clock: VirtualClock) -> Iterator[None]:
    """Waiting moves `clock` and costs nothing, in synchronous code, in `asyncio.run` and in a loop that is already running."""
    start = clock.now()
    source = TimeSource(
        clock.now,
        lambda: clock.now() - start + 1000.0,
        clock.sleep,
        lambda: loop_on(clock),
        sleeps_anywhere=True,
    )
    running = asyncio._get_running_loop()
    install()
    _catch_up()
    with active(source), _adapted(running, clock):
        yield


def _keeps_time_in_call_later(loop: Any) -> bool:
    """Whether it is the browser's loop, which has no selector and schedules everything by one method of Python's."""
    return type(loop).__module__ == "pyodide.webloop"


@contextlib.contextmanager
def _adapted(loop: Any, clock: VirtualClock) -> Iterator[None]:
    """A running loop whose timers follow the virtual clock for a while."""
    if loop is None or isinstance(loop, VirtualLoop):
        yield
        return
    selector = getattr(loop, "_selector", None)
    if selector is None and _keeps_time_in_call_later(loop):
        from threadlab.virtual_time import webloop

        with webloop.adapted(loop, clock):
            yield
        return
    if selector is None:
        raise ThreadlabError(
            f"Virtual time cannot be had inside {type(loop).__module__}.{type(loop).__qualname__}, an event loop that keeps its time "
            "outside Python: use asyncio's own loop, or call asyncio.run inside `with service.time():`."
        )
    base, start, real_select = loop.time(), clock.now(), selector.select

    def select(timeout: float | None = None) -> Any:
        events = real_select(0)
        if events or timeout is None or timeout <= 0:
            return events or (real_select(timeout) if timeout is None else events)
        clock.sleep(timeout)
        return events

    loop.time = lambda: base + clock.now() - start
    selector.select = select
    try:
        yield
    finally:
        del loop.time
        del selector.select

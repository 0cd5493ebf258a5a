"""`%load_ext threadlab`: from here on, this notebook's OpenAI clients talk to the Threads service on this computer."""

import os
import re
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from threadlab.errors import ThreadlabError
from threadlab.service import browser_tab
from threadlab.service.responder_options import INSIDE, KEY_VARIABLE, keep_key
from threadlab.virtual_time._state import in_trial

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from IPython.core.interactiveshell import InteractiveShell

    from threadlab.service.browser_tab import TabService
    from threadlab.service.local_server import Server

WARNINGS = ("The Assistants API is deprecated in favor of the Responses API", "deprecated")
"""All that the SDK says at `beta.threads` and, in one bare word, at `beta.assistants`. What the notebook is about, it need not hear at
every call; every other warning stays."""

_LOOPBACK = ("127.0.0.1", "localhost")
_NAMES = ("OPENAI_BASE_URL", "OPENAI_API_KEY", KEY_VARIABLE, "NO_PROXY", "no_proxy")


class _Loaded(NamedTuple):
    before: dict[str, str | None]
    """The environment as it was."""
    own_key: bool
    """Whether the user had a key of their own."""
    base_url: str
    """Where we pointed it."""


_loaded: _Loaded | None = None


def load_ipython_extension(ipython: "InteractiveShell") -> None:
    """Find or start the server, point the environment at it, and say so in two lines. Harmless when done twice.

    In a trial, and while a submission is graded, there is a service already: then it only keeps the SDK quiet, as in any notebook. What
    goes wrong is shown as one sentence, and the notebook stops there.
    """
    for message in WARNINGS:
        warnings.filterwarnings("ignore", message=f"{re.escape(message)}$", category=DeprecationWarning)
    if in_trial():
        return
    if not browser_tab.has_processes():
        _load_in_tab(ipython)
        return
    server = _ensure(ipython)
    _point_at(server)
    if _revive not in ipython.events.callbacks["pre_run_cell"]:
        ipython.events.register("pre_run_cell", _revive)
    print(
        "The hosted Assistants API was switched off on 2026-08-26, so this notebook talks to the course's own Threads service at "
        f"{server.base_url}."
    )
    own = " Yours is set aside in this process, and only there." if _loaded and _loaded.own_key else ""
    no_other = "a real one is used by the service alone" if server.hosted else "no real key is used or needed"
    print(
        f"OPENAI_BASE_URL and OPENAI_API_KEY are set to it: the key is a local one, and {no_other}.{own} "
        f"Replies come from {server.replies}."
    )


def unload_ipython_extension(ipython: "InteractiveShell") -> None:
    """Put the environment and the warnings back as they were. The server stays: other notebooks may use it."""
    global _loaded
    if _tab is not None:
        _unload_from_tab(ipython)
    if _loaded is None:
        return
    for name, value in _loaded.before.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    _loaded = None
    patterns = [f"{re.escape(message)}$" for message in WARNINGS]
    warnings.filters[:] = [one for one in warnings.filters if getattr(one[1], "pattern", None) not in patterns]  # type: ignore[index]
    if _revive in ipython.events.callbacks["pre_run_cell"]:
        ipython.events.unregister("pre_run_cell", _revive)


_tab: "TabService | None" = None
"""The service of this kernel, where there are no processes."""


def _load_in_tab(ipython: "InteractiveShell") -> None:
    """The service inside this kernel, behind the SDK's default client. What is on it outlives the kernel in a file of the browser's."""
    global _tab, _loaded
    if _tab is None:
        before = {name: os.environ.get(name) for name in _NAMES}
        _tab = browser_tab.TabService()
        _loaded = _Loaded(before, False, browser_tab.BASE_URL)
        os.environ.update(_tab.environment())
        _tell_of_the_end_of_async_cells(ipython)
        _keep_quiet_about_forgotten_tasks()
        ipython.events.register("pre_run_cell", _begin_cell)
        ipython.events.register("post_run_cell", _end_cell)
    print(
        "The hosted Assistants API was switched off on 2026-08-26, so this notebook talks to the course's own Threads service, which runs "
        f"inside this browser tab ({browser_tab.BASE_URL})."
    )
    print(
        "OPENAI_BASE_URL and OPENAI_API_KEY are set to it: no real key is used or needed, and no request leaves the tab. "
        f"Replies come from {INSIDE['scripted']}."
    )


def _tell_of_the_end_of_async_cells(ipython: "InteractiveShell") -> None:
    """Have the browser's kernel trigger `post_run_cell` after cells with `await`, too, as the kernels of the desktop do.

    It runs such cells by `run_cell_async`, which leaves that to its caller; other cells come through `_run_cell`, which does it.
    """
    if not type(ipython).__module__.startswith("pyodide_kernel"):
        return
    shell: Any = ipython
    run_cell, run_cell_async, told_anyway = shell._run_cell, shell.run_cell_async, False

    def _run_cell(*args: Any, **options: Any) -> Any:
        nonlocal told_anyway
        told_anyway = True
        try:
            return run_cell(*args, **options)
        finally:
            told_anyway = False

    async def async_cell(*args: Any, **options: Any) -> Any:
        if told_anyway:
            return await run_cell_async(*args, **options)
        result = None
        try:
            result = await run_cell_async(*args, **options)
            return result
        finally:
            shell.events.trigger("post_execute")
            shell.events.trigger("post_run_cell", result)

    shell._run_cell, shell.run_cell_async = _run_cell, async_cell


def _keep_quiet_about_forgotten_tasks() -> None:
    """Have the browser's loop say nothing of a task that failed before anybody could have awaited it: asyncio's own loop does not, either.

    It is told when the task is forgotten for good.
    """
    import asyncio

    loop: Any = asyncio._get_running_loop()
    if type(loop).__module__ != "pyodide.webloop":
        return

    def one_less(_: object = None) -> None:
        loop._in_progress -= 1
        if loop._no_in_progress_handler and loop._in_progress == 0:
            loop._no_in_progress_handler()

    loop._decrement_in_progress = one_less


def _unload_from_tab(ipython: "InteractiveShell") -> None:
    global _tab
    assert _tab is not None
    for name, callback in (("pre_run_cell", _begin_cell), ("post_run_cell", _end_cell)):
        ipython.events.unregister(name, callback)
    _tab.close()
    _tab = None


@contextmanager
def before_each_request(look: "Callable[[], None]") -> "Iterator[None]":
    """Call `look` before each request of this notebook is sent, where the service is inside the kernel; elsewhere nothing is called."""
    looks = _tab.transport.before_request if _tab is not None else []
    looks.append(look)
    try:
        yield
    finally:
        looks.remove(look)


def _begin_cell(*_: object) -> None:
    """Before each cell: count from zero, and see what other notebooks have done on the service."""
    if _tab is not None:
        _tab.transport.begin_cell()
        _tab.transport.sync()


_said = ""
"""What was said last about a storage that cannot be written: once is enough."""


def _end_cell(*_: object) -> None:
    """After each cell: what it did on the service is kept."""
    global _said
    if _tab is not None:
        _tab.transport.sync()
        if _tab.store.problem not in ("", _said):
            print(_tab.store.problem)
        _said = _tab.store.problem


def _ensure(ipython: "InteractiveShell") -> "Server":
    """The server, or the sentence that says why there is none.

    IPython shows a UsageError without a traceback, takes the cell as failed, and runs the extension again on the next `%load_ext`.
    """
    from IPython.core.error import UsageError

    from threadlab.service.local_server import ensure_server  # not in the processes of a grader, whose forks its locks would refuse

    try:
        return ensure_server(print)
    except (ThreadlabError, OSError) as error:
        raise UsageError(f"threadlab: {error}") from error


def _point_at(server: "Server") -> None:
    global _loaded
    if _loaded is None:
        key = os.environ.get("OPENAI_API_KEY")
        _loaded = _Loaded({name: os.environ.get(name) for name in _NAMES}, bool(key) and key != server.key, server.base_url)
    _loaded = _loaded._replace(base_url=server.base_url)
    keep_key()
    os.environ["OPENAI_BASE_URL"] = server.base_url
    os.environ["OPENAI_API_KEY"] = server.key
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = without_proxy(os.environ.get("NO_PROXY", ""), os.environ.get("no_proxy", ""))


def without_proxy(*lists: str) -> str:
    """The hosts that these comma-separated lists keep from the proxy, and the loopback ones, each once."""
    hosts = [host.strip() for text in lists for host in text.split(",") if host.strip()]
    return ",".join(dict.fromkeys([*hosts, *_LOOPBACK]))


def _revive(*_: object) -> None:
    """Before each cell: if the server is gone (a day idle, a restart of the computer), start it again.

    It takes the same port when it can, so clients that exist already find it. When it cannot be started, the cell's own calls will
    fail, and this sentence tells why. A notebook that was pointed elsewhere in the meantime is left alone.
    """
    if in_trial() or _loaded is None or os.environ.get("OPENAI_BASE_URL") != _loaded.base_url:
        return
    from threadlab.service.local_server import ensure_server, is_listening

    if is_listening(_loaded.base_url):
        return
    try:
        _point_at(ensure_server(print))
    except (ThreadlabError, OSError) as error:
        print(f"threadlab: {error}")

"""The IPython shell that runs the cells: ipykernel's own, with an `OutputLog` in the place of its sockets.

A kernel's shell is taken, not a plain one, so that magics, `!command`, paging and the names that libraries look for are a kernel's.
"""

import builtins
import getpass
import inspect
import json
from typing import Any, NoReturn

from ipykernel.compiler import XCachingCompiler
from ipykernel.zmqshell import ZMQInteractiveShell
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.error import StdinNotImplementedError
from jupyter_client.jsonutil import json_default
from traitlets import Any as AnyTrait
from traitlets import Type
from traitlets.config import Config

from autograder.execution.capture import OutputLog, cleaned
from autograder.execution.frames import Display, Error, Result, Update


def plain(bundle: dict[str, Any]) -> dict[str, Any]:
    """A MIME bundle as it looks after it went through JSON, as a kernel's does. Raises TypeError or ValueError for what JSON cannot say."""
    if all(type(value) is str for value in bundle.values()):
        return {str(key): cleaned(value) for key, value in bundle.items()}
    text = json.dumps(bundle, default=json_default, allow_nan=False)
    through: dict[str, Any] = json.loads(text)
    return through


class LogDisplayHook(DisplayHook):
    """Puts a cell's last value into the log, as an `execute_result`."""

    log: OutputLog
    topic = None
    msg: Result | None = None

    def start_displayhook(self) -> None:
        """Begin a result."""
        self.msg = Result({}, {}, None)

    def write_output_prompt(self) -> None:
        """Note the cell's number."""
        if self.msg:
            self.msg.execution_count = self.prompt_count

    def write_format_data(self, format_dict: dict[str, Any], md_dict: dict[str, Any] | None = None) -> None:
        """Note what the formatters made of the value."""
        if self.msg:
            self.msg.data, self.msg.metadata = plain(format_dict), plain(md_dict or {})

    def finish_displayhook(self) -> None:
        """Show it."""
        if self.msg and self.msg.data:
            self.log.show(self.msg)
        self.msg = None


class LogDisplayPublisher(DisplayPublisher):
    """Puts what `display` and its kin are given into the log."""

    log: OutputLog
    topic = AnyTrait()

    def publish(
        self,
        data: dict[str, Any],
        metadata: dict[str, Any] | None = None,
        source: object = None,
        *,
        transient: dict[str, Any] | None = None,
        update: bool = False,
        **_: Any,
    ) -> None:
        """Show `data`, or with `update` replace what was shown under the same id."""
        metadata = metadata or {}
        self._validate_data(data, metadata)  # type: ignore[no-untyped-call]
        display_id = (transient or {}).get("display_id")
        display_id = None if display_id is None else str(display_id)
        if not update:
            self.log.show(Display(plain(data), plain(metadata), display_id))
        elif display_id is not None:
            self.log.update(Update(display_id, plain(data), plain(metadata)))

    def clear_output(self, wait: bool = False) -> None:
        """Clear the cell's output, at once or with the next output."""
        self.log.clear(wait)

    def set_parent(self, parent: Any) -> None:
        """Part of a kernel's publisher. The log knows its cell."""


class CellCompiler(XCachingCompiler):
    """Tells `inspect` that cells belong to `__main__`. It would look for their files in every imported module, several times for each frame
    of a traceback: four fifths of the time of a short one.
    """

    _known: dict[str, str] = getattr(inspect, "modulesbyfile", {})

    def get_code_name(self, raw_code: str, code: str, number: int) -> str:
        """The file name that a cell's code gets."""
        name: str = super().get_code_name(raw_code, code, number)  # type: ignore[no-untyped-call]
        self._known[name] = "__main__"
        return name


class WorkerShell(ZMQInteractiveShell):
    """A kernel's shell without a kernel."""

    displayhook_class = Type(LogDisplayHook)  # type: ignore[assignment]
    display_pub_class = Type(LogDisplayPublisher)  # type: ignore[assignment]
    displayhook: LogDisplayHook
    display_pub: LogDisplayPublisher
    active_eventloop: str | None = None
    _last_traceback: list[str] | None = None
    _last_traceback_during_displayhook = False

    def attach(self, log: OutputLog) -> None:
        """From now on everything that is shown goes to `log`."""
        self.shown = log
        self.displayhook.log = log
        self.display_pub.log = log

    def ask_exit(self) -> None:
        """`exit` ends the submission when its cell is over, as it ends a kernel."""
        self.exiting = not self.keepkernel_on_exit

    exiting = False

    def enable_gui(self, gui: Any = None) -> None:
        """There is no screen, so there is nothing to enable; `%matplotlib inline` asks for None."""
        self.active_eventloop = gui

    def _showtraceback(self, etype: type[BaseException], evalue: BaseException, stb: list[str]) -> None:
        if self.displayhook.msg is not None:
            self._last_traceback_during_displayhook = True
        self._last_traceback = stb
        self.shown.show(Error(str(etype.__name__), str(evalue), list(stb)))

    def _format_exception_for_storage(self, exception: BaseException, *_: Any, **__: Any) -> dict[str, Any]:
        """IPython formats every traceback again here, for a history that nobody keeps. It takes as long as the first time."""
        return {"ename": type(exception).__name__, "evalue": str(exception), "traceback": self._last_traceback or []}


# Rich, tqdm and others ask for this very name to find out that they are in a notebook.
WorkerShell.__name__ = ZMQInteractiveShell.__name__


def _refuse_input(prompt: object = "", stream: object = None) -> NoReturn:
    raise StdinNotImplementedError("raw_input was called, but this frontend does not support input requests.")


def _refuse_getpass(prompt: str = "Password: ", stream: object = None) -> NoReturn:
    raise StdinNotImplementedError("getpass was called, but this frontend does not support input requests.")


def make_shell() -> WorkerShell:
    """The one shell of this process, with nothing in its namespace yet. Starts no thread and opens no file."""
    config = Config()
    config.HistoryManager.enabled = False
    shell: WorkerShell = WorkerShell.instance(config=config, compiler_class=CellCompiler)
    builtins.input = _refuse_input
    getpass.getpass = _refuse_getpass
    return shell

"""Programs that a lesson starts, and kills: in a process of their own or, in a browser tab, in a fresh namespace that is cut off there.

    finished = run_program("threadlab", "scan", "helper.py", cwd=folder)    # python -m threadlab scan helper.py
    lines = kill_after(1, folder / "outbox.py", address, "note-1 read")     # killed once it has printed a line
    kill_when(lambda: map_file.exists(), "threadlab", "import", "ada.jsonl")
    backend = Backend(folder / "backend.py")                                # reads questions from its input, prints an answer to each
    backend.ask("ada|What is the capital of France?")
    backend.kill()

A program is the path of a file, or the name of a module. In a tab there are no processes. There, everything that the program has in memory
is its own all the same: it imports the modules of its folder and of this package afresh, and nothing of it is left when it is killed. What
it does not have is a memory of which the system takes hold: `finally:` still runs, and programs run one after the other.
"""

from __future__ import annotations

import ast
import contextlib
import gc
import io
import os
import runpy
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from threadlab.service.browser_tab import has_processes

_LOOK_EVERY = 0.002
"""Seconds between two looks at a condition, while a process runs."""


class Finished(NamedTuple):
    """How a program ended."""

    stdout: str
    stderr: str
    returncode: int


def run_program(program: str | Path, *arguments: object, cwd: Path | None = None) -> Finished:
    """Run a program to its end."""
    if has_processes():
        done = subprocess.run(_command(program, arguments), capture_output=True, text=True, cwd=cwd, check=False)
        return Finished(done.stdout, done.stderr, done.returncode)
    with _Namespace(program, arguments, cwd) as namespace:
        namespace.run()
    return Finished("".join(namespace.printed), namespace.complained.getvalue(), namespace.code)


def kill_after(lines: int, program: str | Path, *arguments: object) -> list[str]:
    """Start a program and kill it as soon as it has printed `lines` lines; returns them, or fewer if it came to its end before."""
    if has_processes():
        process = subprocess.Popen(_command(program, arguments), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        result = [line.rstrip("\n") for _, line in zip(range(lines), process.stdout, strict=False)]
        process.kill()
        process.communicate()
        return result
    with _Namespace(program, arguments, at_most=lines) as namespace:
        namespace.run()
    return "".join(namespace.printed).splitlines()[:lines]


def kill_when(condition: Callable[[], bool], program: str | Path, *arguments: object) -> bool:
    """Start a program and kill it as soon as `condition()` is true; False if it came to its end before.

    In a tab, the condition is looked at whenever the program sends a request.
    """
    if has_processes():
        process = subprocess.Popen(_command(program, arguments), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while process.poll() is None and not condition():
            time.sleep(_LOOK_EVERY)
        has_ended = process.poll() is not None
        process.kill()
        process.wait()
        return not has_ended
    from threadlab import extension

    def look() -> None:
        if condition():
            raise _Killed

    with _Namespace(program, arguments) as namespace, extension.before_each_request(look):
        return namespace.run()


class Backend:
    """A program that answers each line of its input with a line: for as long as it is not killed."""

    def __init__(self, program: str | Path, *arguments: object) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._namespace: _Namespace | None = None
        if has_processes():
            self._process = subprocess.Popen(_command(program, arguments), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        else:
            self._namespace = _Namespace(program, arguments)

    def ask(self, line: str) -> str:
        """The answer to a line; empty when the program has ended."""
        if self._namespace is not None:
            return self._namespace.answer(line)
        assert self._process is not None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()
        return self._process.stdout.readline().strip()

    def kill(self) -> None:
        """No goodbye: SIGKILL, or its equal on Windows."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
        self._process = self._namespace = None
        gc.collect()


def _command(program: str | Path, arguments: tuple[object, ...]) -> list[str]:
    what = ["-m", program] if isinstance(program, str) else [str(program)]
    return [sys.executable, "-W", "ignore", *what, *map(str, arguments)]


# ---- where there are no processes ------------------------------------------------------------------------------------------------------


class _Killed(BaseException):
    """The line at which a program is cut off."""


class _Input(io.TextIOBase):
    """Input on which nothing ever comes: who reads from it would stand there until it is killed."""

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1, /) -> NoReturn:
        raise _Killed

    def readline(self, size: int | None = -1, /) -> NoReturn:
        raise _Killed


class _Output(io.TextIOBase):
    """Output that cuts the program off at the end of its last line."""

    def __init__(self, printed: list[str], at_most: int | None) -> None:
        self._printed, self._at_most = printed, at_most

    def writable(self) -> bool:
        return True

    def write(self, text: str, /) -> int:
        self._printed.append(text)
        if self._at_most is not None and "\n" in text and "".join(self._printed).count("\n") >= self._at_most:
            raise _Killed
        return len(text)


_said = False
_NO_PROCESSES = (
    "(A browser tab has no processes: programs run in a fresh namespace here, and are cut off at the line at which they would be killed.)"
)


class _Namespace:
    """One program without a process: its own `__main__`, its own copies of the modules that could remember something."""

    def __init__(self, program: str | Path, arguments: tuple[object, ...], cwd: Path | None = None, at_most: int | None = None) -> None:
        global _said
        if not _said:
            _said = True
            print(_NO_PROCESSES)
        self.program, self.arguments, self.cwd = program, [str(one) for one in arguments], cwd
        self.printed: list[str] = []
        self.complained = io.StringIO()
        self.code = 0
        self._output = _Output(self.printed, at_most)
        self._modules: dict[str, Any] = {}
        self._globals: dict[str, Any] | None = None
        self._loop: ast.For | None = None

    def __enter__(self) -> _Namespace:
        return self

    def __exit__(self, *_: object) -> None:
        self._modules.clear()
        self._globals = None
        gc.collect()

    def run(self) -> bool:
        """Run it to its end, or to where it is killed; True for the latter."""
        with self._inside():
            try:
                if isinstance(self.program, str):
                    runpy.run_module(self.program, run_name="__main__", alter_sys=True)
                else:
                    runpy.run_path(str(self.program), run_name="__main__")
            except _Killed:
                return True
            except SystemExit as ended:
                self.code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
            except Exception as error:
                self.complained.write(f"{type(error).__name__}: {error}\n")
                self.code = 1
        return False

    def answer(self, line: str) -> str:
        """What the program prints for a line of its input.

        Its last statement is a loop over `sys.stdin`: what stands before it is run once, the loop's body for each line.
        """
        if self._globals is None:
            self._begin()
        assert self._globals is not None
        assert self._loop is not None
        turn = ast.Module([ast.Assign([self._loop.target], ast.Name("__line__", ast.Load())), *self._loop.body], [])
        self._globals["__line__"] = line + "\n"
        self.printed.clear()
        with self._inside():
            exec(compile(ast.fix_missing_locations(turn), str(self.program), "exec"), self._globals)
        return "".join(self.printed).strip()

    def _begin(self) -> None:
        source = Path(self.program).read_text(encoding="utf-8")
        tree = ast.parse(source, str(self.program))
        *before, loop = tree.body
        if not isinstance(loop, ast.For) or ast.unparse(loop.iter) != "sys.stdin":
            raise ValueError(f"{self.program} does not end in a loop over sys.stdin")
        self._loop, self._globals = loop, {"__name__": "__main__", "__file__": str(self.program)}
        with self._inside():
            exec(compile(ast.Module(before, []), str(self.program), "exec"), self._globals)

    @contextlib.contextmanager
    def _inside(self) -> Iterator[None]:
        """As in the program's own process: its arguments, its folder, its modules, its input and output."""
        folder = str(Path(self.program).parent) if isinstance(self.program, Path) else os.getcwd()
        outside = {name: module for name, module in sys.modules.items() if _could_remember(name, module, folder)}
        for name in outside:
            del sys.modules[name]
        sys.modules.update(self._modules)
        before = sys.argv, sys.path[:], os.getcwd(), sys.stdin
        sys.argv, sys.stdin = [str(self.program), *self.arguments], _Input()
        sys.path.insert(0, folder)
        if self.cwd is not None:
            os.chdir(self.cwd)
        try:
            with contextlib.redirect_stdout(self._output), contextlib.redirect_stderr(self.complained), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                yield
        finally:
            sys.argv, sys.path[:], _, sys.stdin = before
            os.chdir(before[2])
            own = {name: module for name, module in sys.modules.items() if _could_remember(name, module, folder)}
            for name in own:
                del sys.modules[name]
            self._modules = own
            sys.modules.update(outside)


def _could_remember(name: str, module: Any, folder: str) -> bool:
    """Whether a module is the application's own, and could hold something that a new process would not know."""
    if name == __name__:
        return False
    file = getattr(module, "__file__", None) or ""
    return name.partition(".")[0] == "courseware" or (bool(file) and os.path.dirname(file) == folder)

"""The submission's side: reads frames, runs cells, hands the pipe to a trial's guest. Nothing here knows what a cell is worth.

One event loop lives as long as the submission, as in a kernel: cells run inside it (so `asyncio.run` is refused and `await` works at top
level), and while the process waits for the next frame the tasks that cells have left behind go on.
"""

import asyncio
import contextlib
import contextvars
import gc
import importlib
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Literal, NoReturn, TypeVar

from autograder.execution.capture import OutputLog, OutStream
from autograder.execution.channel import Channel, ChannelError, FrameTooLarge
from autograder.execution.frames import (
    Answer,
    CellDone,
    Exchange,
    File,
    Ready,
    RunCell,
    Start,
    Stream,
    ToGrader,
    Trial,
    TrialEnd,
    TrialFailed,
    read_as_child,
)
from autograder.execution.own_process import Mapping, separate, settle, shared_mappings
from autograder.execution.packing import encode
from autograder.execution.scratch import listing, restore
from autograder.execution.shell import WorkerShell

if sys.platform != "win32":
    import resource

T = TypeVar("T")

LINUX = sys.platform == "linux"

GUEST = "threadlab.trials.guest"
"""The module whose `serve(spec, namespace, exchange)` is a trial's guest. Imported when a trial asks for it."""

COPIES = hasattr(os, "fork") and sys.platform != "darwin"
"""Whether a process can be copied safely here."""

BETWEEN_CELLS = 0.005
"""Seconds that tasks of earlier cells get before the next one. In a kernel it is the time that the client takes, which is about this."""

Confine = Callable[[Start], Path]
"""Locks the process down and returns the scratch folder."""


class Child:
    """A submission's process, from the fork to the end."""

    def __init__(self, channel: Channel, shell: WorkerShell) -> None:
        self._channel = channel
        self._shell = shell
        self._pid = os.getpid()
        self._loop = asyncio.new_event_loop()
        asyncio.set_event_loop(self._loop)
        self._context = contextvars.copy_context()
        self._cell_task: asyncio.Task[Any] | None = None
        self._own_namespace = self._pid == 1
        self._settled = False
        self._shared: list[Mapping] = []
        """Since it has settled: no cell runs in this process any more, so there come no others."""

    def run(self, confine: Confine) -> None:
        """Serve the grader until it closes the pipe."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        start = read_as_child(self._channel.receive())
        assert isinstance(start, Start)
        folder = confine(start)
        self._scratch = folder.parent  # with the home folder and what /tmp and /dev/shm lead to
        self._write_files(folder, start.files)
        prepare_interpreter(folder)
        self._log = OutputLog(start.limits)
        self._shell.attach(self._log)
        sys.stdout, sys.stderr = OutStream(self._log, "stdout"), OutStream(self._log, "stderr")
        self._send(Ready())
        while True:
            try:
                frame = read_as_child(self._drive(self._next_frame()))
            except ChannelError:
                return
            match frame:
                case RunCell():
                    self._send(self._run_cell(frame))
                    if self._shell.exiting:
                        return
                case Trial():
                    if failed := self._run_trial(frame):
                        self._send(failed)
                case _:
                    raise AssertionError(f"the grader sent {frame} out of turn")

    def _write_files(self, folder: Path, count: int) -> None:
        for _ in range(count):
            file = read_as_child(self._channel.receive())
            assert isinstance(file, File)
            path = folder / file.path
            path.parent.mkdir(parents=True, exist_ok=True)
            with open(path, "ab") as target:
                target.write(file.data)

    def _send(self, message: ToGrader) -> None:
        try:
            self._channel.send(encode(message))
        except FrameTooLarge:
            if not isinstance(message, CellDone):
                raise
            text = "(This cell shows more than can be passed on: it was left out.)\n"
            self._channel.send(encode(CellDone(message.number, message.status, message.execution_count, [Stream("stderr", text)], [])))

    # ---- the loop

    def _drive(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end, whatever else goes wrong in the loop meanwhile."""
        task = self._loop.create_task(coroutine, context=self._context)
        while True:
            try:
                return self._loop.run_until_complete(task)
            except KeyboardInterrupt:  # the cell was waiting, not computing
                if self._cell_task:
                    self._cell_task.cancel()
            except RuntimeError:
                if task.done() or self._loop.is_closed():
                    raise
                # The cell called `loop.stop()`.

    async def _next_frame(self) -> bytes:
        arrived = asyncio.Event()
        self._loop.add_reader(self._channel.sock, arrived.set)
        try:
            await arrived.wait()
        finally:
            self._loop.remove_reader(self._channel.sock)
        return self._channel.receive()

    # ---- cells

    def _run_cell(self, frame: RunCell) -> CellDone:
        if len(asyncio.all_tasks(self._loop)) > 0:
            self._drive(asyncio.sleep(BETWEEN_CELLS))
        log = self._log
        self._context.run(log.begin, frame.number)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            status = self._drive(self._execute(frame.source))
        except KeyboardInterrupt:
            status = "error"
        finally:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        if os.getpid() != self._pid:  # the cell forked, and this is the copy
            os._exit(0)
        self._context.run(gc.collect)  # a coroutine that nobody awaited warns in the cell that made it, not in a later one
        log.end()
        return CellDone(frame.number, status, self._shell.execution_count - 1, log.outputs, log.updates)

    async def _execute(self, source: str) -> Literal["ok", "error"]:
        """As ipykernel's `IPythonKernel.do_execute` does it."""
        shell = self._shell
        shell._last_traceback_during_displayhook = False
        problem = None
        try:
            transformed = shell.transform_cell(source)  # type: ignore[no-untyped-call]
        except Exception:
            transformed, problem = source, sys.exc_info()
        if shell.should_run_async(source, transformed_cell=transformed, preprocessing_exc_tuple=problem):
            self._cell_task = asyncio.ensure_future(
                shell.run_cell_async(source, store_history=True, transformed_cell=transformed, preprocessing_exc_tuple=problem)
            )
            result = None
            try:
                result = await self._cell_task
            finally:
                self._cell_task = None
                shell.events.trigger("post_execute")
                shell.events.trigger("post_run_cell", result)
        else:
            result = shell.run_cell(source, store_history=True)  # type: ignore[no-untyped-call]
        return "ok" if result.success and not shell._last_traceback_during_displayhook else "error"

    # ---- trials

    def _run_trial(self, frame: Trial) -> TrialFailed | None:
        """Run a trial's guest in a copy of this process, so that nothing it does outlives it: memory, modules, files, other processes.

        The copy answers the grader itself. Returns what is to be said when it could not.
        """
        if not COPIES:
            self._send(self._serve(frame))
            return None
        if LINUX and not self._settled:
            self._settled = True
            settle()
            self._pid, self._shared = os.getpid(), list(shared_mappings())
        before = listing(self._scratch)
        sys.stdout.flush()
        sys.stderr.flush()
        try:
            pid = os.fork()
        except OSError as problem:
            return TrialFailed(frame.number, f"no process could be started for it, since the submission has too many ({problem.strerror})")
        if pid == 0:
            self._be_copy(frame)
        _, status = os.waitpid(pid, 0)
        if self._own_namespace:  # whatever the copy has left running is ended
            with contextlib.suppress(ProcessLookupError):
                os.kill(-1, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
        restore(self._scratch, before)
        code = os.waitstatus_to_exitcode(status)
        if code == 0:
            return None
        if code == -signal.SIGXCPU:
            return TrialFailed(frame.number, f"computed for {frame.cpu} seconds without an end")
        how = f"exit code {code}" if code > 0 else signal.Signals(-code).name
        return TrialFailed(frame.number, f"the process ended itself, with {how}")

    def _be_copy(self, frame: Trial) -> NoReturn:
        code = 70
        try:
            most = frame.cpu + 1  # one second later it is ended, whatever it does with the signal
            hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
            resource.setrlimit(resource.RLIMIT_CPU, (frame.cpu, most if hard == resource.RLIM_INFINITY else min(most, hard)))
            self._pid = os.getpid()
            self._log.leave()
            if LINUX:
                separate(self._channel.sock.fileno(), self._shared)
            self._send(self._serve(frame))
            code = 0
        except SystemExit as leaving:
            code = leaving.code if isinstance(leaving.code, int) else 1
        finally:
            os._exit(code)

    def _serve(self, frame: Trial) -> TrialEnd | TrialFailed:
        def exchange(message: bytes) -> bytes:
            self._channel.send(encode(Exchange(frame.number, message)))
            answer = read_as_child(self._channel.receive())
            if not isinstance(answer, Answer):
                raise ChannelError("the grader did not answer a trial's message")
            return answer.data

        try:
            serve = importlib.import_module(GUEST).serve
            result = serve(frame.spec, self._shell.user_ns, exchange)
            if not isinstance(result, bytes):
                raise TypeError(f"the guest returned {type(result).__name__}, not bytes")
        except BaseException as problem:
            return TrialFailed(frame.number, f"The trial stopped with {type(problem).__name__}: {problem}"[:2000])
        return TrialEnd(frame.number, result)


def prepare_interpreter(folder: Path) -> None:
    """What ipykernel arranges when it starts, as far as a notebook can see it."""
    os.chdir(folder)
    os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    if "" not in sys.path:
        packages = [number for number, path in enumerate(sys.path) if Path(path).name in ("site-packages", "dist-packages")]
        sys.path.insert(packages[0] if packages else 0, "")
    sys.argv[:] = ["worker"]

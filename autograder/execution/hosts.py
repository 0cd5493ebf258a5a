"""Where children come from: forked off a warm process, or, on systems that cannot fork safely, one fresh process a submission."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection
from pathlib import Path
from typing import IO, Protocol, TypeVar

import psutil

from autograder.execution.orders import (
    PACKET_LIMIT,
    Close,
    Closed,
    Hello,
    Interrupt,
    Open,
    Opened,
    Order,
    Refused,
    Reply,
    Usage,
    Used,
    WorkerError,
    read_reply,
)
from autograder.execution.packing import encode
from autograder.sandbox.limits import Limits
from autograder.sandbox.report import PROTECTIONS, Report

_R = TypeVar("_R", Hello, Opened, Closed, Used)

COURSE = Path(__file__).resolve().parents[2]

START_TIMEOUT, ORDER_TIMEOUT = 120.0, 30.0
"""Seconds that the warm process may take to import everything, and to carry out an order."""

PASSED_ON = ("PATH", "LD_LIBRARY_PATH", "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "TZ", "SYSTEMROOT", "TEMP", "TMP", "PATHEXT")
"""All that a submission sees of the grader's environment: no key, no proxy, no address."""


class OutOfStep(WorkerError):
    """The warm process was too late, said something else, or is gone: what it says next cannot be told apart, so it is not listened to."""


class Host(Protocol):
    """Starts, interrupts and ends the processes of submissions."""

    def start(self) -> None:
        """Begin to get ready, without waiting. Raises WorkerError."""

    def report(self) -> Report:
        """Which protections hold. Raises WorkerError."""

    def open(self, session: int, limits: Limits) -> socket.socket:
        """A new process; this is the grader's end of its pipe. Raises WorkerError."""

    def interrupt(self, session: int) -> None:
        """Interrupt its cell. Raises WorkerError."""

    def usage(self, session: int) -> Used:
        """What it has used so far. Raises WorkerError."""

    def close(self, session: int, patience: float) -> Closed:
        """End it and all that it started, after giving it so many seconds to end by itself. Raises WorkerError."""

    def stop(self) -> None:
        """End everything. It can be used again afterwards."""

    def last_line(self) -> str:
        """The last line that it wrote for the people who keep it running."""


def environment() -> dict[str, str]:
    """What a process that runs submissions is started with."""
    passed = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    return {"PATH": os.defpath, **passed, "USER": "student", "LOGNAME": "student", "NO_PROXY": "*", "PYTHONIOENCODING": "utf-8"}


def _command(function: str, *arguments: str) -> list[str]:
    module = "autograder.execution.warm_process"
    program = f"import sys; sys.path.append(sys.argv.pop(1)); from {module} import {function}; {function}(*sys.argv[1:])"
    return [sys.executable, "-P", "-c", program, str(COURSE), *arguments]


class WarmUp:
    """A warm process that was started, and a control socket for each of the graders that it will work for.

    It imports once for all of them: what an assignment's notebook imports, or, with None, what an exercise of this course needs. Each
    socket is for one WarmHost; the process ends when all are closed.
    """

    def __init__(self, count: int = 1, imports: Collection[str] | None = None) -> None:
        self.said: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115
        pairs = [socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET) for _ in range(count)]
        self.controls = [ours for ours, _ in pairs]
        descriptors = [theirs.fileno() for _, theirs in pairs]
        self._process = subprocess.Popen(
            _command("warm", ",".join(map(str, descriptors)), "*" if imports is None else ",".join(sorted(imports))),
            env=environment(),
            cwd=os.sep,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self.said,
            pass_fds=descriptors,
            start_new_session=True,
        )
        for _, theirs in pairs:
            theirs.close()
        self._owner = os.getpid()

    def runs(self) -> bool:
        """Whether it is this process's, and has not ended."""
        return self._owner == os.getpid() and self._process.poll() is None

    def release(self) -> None:
        """Close this process's ends of the sockets."""
        for control in self.controls:
            control.close()
        self.said.close()

    def wait(self) -> None:
        """Until it has ended, which it does when it is released everywhere. One of another process's is left alone."""
        if self._owner != os.getpid():
            return
        try:
            self._process.wait(ORDER_TIMEOUT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class WarmHost:
    """A warm process that forks: one of its own, started when the first submission comes, or its place at one that others use, too.

    `control` is the place: one of a WarmUp's sockets. When that warm process ends, it gets one of its own.
    """

    def __init__(self, control: socket.socket | None = None) -> None:
        self._own: WarmUp | None = None
        self._control = control
        self._report: Report | None = None

    def start(self) -> None:
        """One that has ended is replaced; one that belongs to the process that this one was forked from is left alone."""
        if self._own is None and self._control is not None:
            return
        if self._own is not None:
            if self._own.runs():
                return
            self._own.release()
        self._own = WarmUp()
        self._control = self._own.controls[0]
        self._report = None

    def report(self) -> Report:
        """Starts the warm process if there is none."""
        self.start()
        if self._report is None:
            placed = self._own is None
            try:
                self._report = self._receive(Hello, START_TIMEOUT).report
            except WorkerError:
                if not placed:
                    raise
                return self.report()  # of one of its own
        return self._report

    def open(self, session: int, limits: Limits) -> socket.socket:
        """Fork a child; from a new warm process, if the old one has fallen out of step over an earlier submission."""
        try:
            return self._open(session, limits)
        except OutOfStep:
            return self._open(session, limits)

    def _open(self, session: int, limits: Limits) -> socket.socket:
        self.report()
        ours, theirs = socket.socketpair()
        with theirs:
            self._ask(Open(session, limits.memory_together), Opened, [theirs.fileno()])
        return ours

    def interrupt(self, session: int) -> None:
        """Interrupt its cell."""
        self._send(Interrupt(session), [])

    def usage(self, session: int) -> Used:
        """From the warm process."""
        return self._ask(Usage(session), Used)

    def close(self, session: int, patience: float) -> Closed:
        """End it."""
        return self._ask(Close(session, patience), Closed)

    def stop(self) -> None:
        """Ends every session too."""
        own, control = self._own, self._control
        self._own = self._control = None
        if own is not None:
            own.release()
            own.wait()
        elif control is not None:
            control.close()

    def last_line(self) -> str:
        """From its standard error, unless that is kept by whoever started it."""
        return _last_line(self._own.said) if self._own else ""

    def _ask(self, order: Order, expected: type[_R], descriptors: list[int] | None = None) -> _R:
        self._send(order, descriptors or [])
        return self._receive(expected, ORDER_TIMEOUT)

    def _send(self, order: Order, descriptors: list[int]) -> None:
        if self._control is None:
            raise OutOfStep("The process that starts submissions is gone.")
        try:
            socket.send_fds(self._control, [encode(order)], descriptors)
        except OSError:
            raise self._gone() from None

    def _receive(self, expected: type[_R], timeout: float) -> _R:
        assert self._control is not None
        self._control.settimeout(timeout)
        try:
            packet = self._control.recv(PACKET_LIMIT)
        except TimeoutError:
            self._leave()
            raise OutOfStep(f"The process that starts submissions did not answer within {timeout:g} seconds.") from None
        except OSError:
            packet = b""
        if not packet:
            raise self._gone()
        reply: Reply = read_reply(packet)
        if isinstance(reply, Refused):
            raise WorkerError(reply.sentence)
        if not isinstance(reply, expected):
            self._leave()
            raise OutOfStep(f"The process that starts submissions answered {type(reply).__name__} instead of {expected.__name__}.")
        return reply

    def _gone(self) -> OutOfStep:
        error = OutOfStep(f"The process that starts submissions has ended: {self.last_line() or 'it did not say why'}.")
        self._leave()
        return error

    def _leave(self) -> None:
        """Go away from this warm process, which ends what it runs for us; the next one is our own."""
        if self._own is not None:
            self._own.release()
        elif self._control is not None:
            self._control.close()
        self._own = self._control = self._report = None


class FreshHost:
    """A fresh Python for each submission, with no protection: for macOS and Windows, where a fork is not safe or not there.

    The child finds the grader through a port on 127.0.0.1 and proves itself with a word that it was given in its environment.
    """

    def __init__(self) -> None:
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        self._folders: dict[int, tempfile.TemporaryDirectory[str]] = {}
        self._said: IO[bytes] | None = None

    def start(self) -> None:
        """There is little to prepare."""
        if self._said is None:
            self._said = tempfile.TemporaryFile()  # noqa: SIM115

    def report(self) -> Report:
        """Nothing holds."""
        return Report(dict.fromkeys(PROTECTIONS, "only Linux can hold it to that"))

    def open(self, session: int, limits: Limits) -> socket.socket:
        """Start a process and wait until it has called."""
        self.start()
        word = secrets.token_bytes(32)
        folder = self._folders[session] = tempfile.TemporaryDirectory(prefix="submission-")
        places = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), folder.name)
        with socket.create_server(("127.0.0.1", 0)) as server:
            process = subprocess.Popen(
                _command("fresh", str(server.getsockname()[1])),
                env={**environment(), **places, "GRADER_WORD": word.hex()},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._said,
            )
            self._processes[session] = process
            server.settimeout(0.25)
            end = time.monotonic() + START_TIMEOUT
            while time.monotonic() < end and process.poll() is None:
                try:
                    sock, _ = server.accept()
                except TimeoutError:
                    continue
                sock.settimeout(5)
                if secrets.compare_digest(sock.recv(32, socket.MSG_WAITALL), word):
                    return sock
                sock.close()
        raise WorkerError(f"A process for the submission did not start: {self.last_line() or 'it did not say why'}.")

    def interrupt(self, session: int) -> None:
        """On Windows nothing happens, and the process is ended instead when its grace is over."""
        if os.name == "posix":
            self._processes[session].send_signal(signal.SIGINT)

    def usage(self, session: int) -> Used:
        """Its own processor time. How long it had to wait for a processor is not known here."""
        try:
            times = psutil.Process(self._processes[session].pid).cpu_times()
        except psutil.Error:
            return Used(0.0, 0.0)
        return Used(times.user + times.system, 0.0)

    def close(self, session: int, patience: float) -> Closed:
        """Ends the process only; what it started is beyond reach here."""
        process = self._processes.pop(session)
        try:
            code = process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
        self._folders.pop(session).cleanup()
        return Closed(session, code, 0.0, 0)

    def stop(self) -> None:
        """Ends every session."""
        for session in list(self._processes):
            self.close(session, 0)
        if self._said:
            self._said.close()
            self._said = None

    def last_line(self) -> str:
        """From the standard error of the last processes."""
        return _last_line(self._said) if self._said else ""


def _last_line(file: IO[bytes]) -> str:
    file.seek(0)
    lines = file.read()[-10_000:].decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else ""


def best_host() -> Host:
    """A warm process where forks are safe (Linux and the like, not macOS), a fresh process elsewhere."""
    return WarmHost() if hasattr(os, "fork") and sys.platform != "darwin" else FreshHost()

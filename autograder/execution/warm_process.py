"""The warm process: it has imported what notebooks import, and forks one locked-down child for each submission.

It must never import `autograder.checks`, `autograder.hidden` or anything of the gradebook: a fork inherits memory, and the submission
could read there what it is not to know. It starts no thread and holds no secret: its environment was scrubbed before it started.
"""

import os
import signal
import socket
import sys
import time
import traceback
from pathlib import Path
from typing import NoReturn

from autograder.execution.channel import Channel
from autograder.execution.child import Child
from autograder.execution.frames import Start
from autograder.execution.orders import PACKET_LIMIT, Close, Closed, Hello, Interrupt, Open, Opened, Refused, Reply, Usage, Used, read_order
from autograder.execution.packing import encode
from autograder.execution.shell import WorkerShell
from autograder.execution.warming import gather, warm_up
from autograder.sandbox.base import Base, close_others
from autograder.sandbox.enter import enter
from autograder.sandbox.watch import held, used

WATCH = 0.25
"""Seconds between two looks at how much memory the children hold."""

WORTH_IT = 2
"""Before this submission memory is gathered into large pages: that takes about as long as one submission gains by it."""


class WarmProcess:
    """Carries out the grader's orders, one at a time."""

    def __init__(self, control: socket.socket, base: Base, shell: WorkerShell, gathered: bool = False) -> None:
        self._control = control
        self._base = base
        self._shell = shell
        self._children: dict[int, int] = {}
        self._memory: dict[int, int] = {}
        self._opened, self._gathered = 0, gathered

    def serve(self) -> None:
        """Until the grader closes its end."""
        self._reply(Hello(self._base.report))
        while True:
            self._control.settimeout(WATCH if self._children else None)
            try:
                packet, descriptors, _, _ = socket.recv_fds(self._control, PACKET_LIMIT, 1)
            except TimeoutError:
                self._watch()
                continue
            if not packet:
                break
            match read_order(packet):
                case Open(session, memory):
                    self._open(session, memory, descriptors[0])
                case Interrupt(session):
                    if session in self._children:
                        os.kill(self._children[session], signal.SIGINT)
                case Usage(session):
                    self._reply(Used(*used(self._children[session])) if session in self._children else Used(0.0, 0.0))
                case Close(session, patience):
                    self._reply(self._end(session, patience) if session in self._children else Refused("There is no such session."))
        for session in list(self._children):
            self._end(session, 0)

    def _reply(self, reply: Reply) -> None:
        self._control.send(encode(reply))

    def _watch(self) -> None:
        """End sessions that hold too much memory. The grader sees their pipe close."""
        for session, pid in self._children.items():
            if held(pid, self._memory[session]) >= self._memory[session]:
                os.kill(pid, signal.SIGKILL)

    def _open(self, session: int, memory: int, descriptor: int) -> None:
        self._opened += 1
        if self._opened == WORTH_IT and not self._gathered:
            gather()
        try:
            self._base.before_fork()
            pid = os.fork()
        except OSError as problem:
            os.close(descriptor)
            self._reply(Refused(f"No process could be started for the submission: {problem}."))
            return
        if pid == 0:
            self._be_child(descriptor)
        os.close(descriptor)
        self._children[session], self._memory[session] = pid, memory
        self._reply(Opened(session))

    def _be_child(self, descriptor: int) -> NoReturn:
        code = 70
        try:
            close_others(descriptor)
            os.set_inheritable(descriptor, False)

            def confine(start: Start) -> Path:
                return self._base.confine(start.limits)

            Child(Channel(socket.socket(fileno=descriptor)), self._shell).run(confine)
            code = 0
        except SystemExit as leaving:
            code = leaving.code if isinstance(leaving.code, int) else 1
        except BaseException:
            traceback.print_exc(file=sys.__stderr__)
        finally:
            os._exit(code)

    def _end(self, session: int, patience: float) -> Closed:
        pid = self._children.pop(session)
        del self._memory[session]
        deadline = time.monotonic() + patience
        reaped, status, usage = os.wait4(pid, os.WNOHANG)
        while not reaped and time.monotonic() < deadline:
            time.sleep(0.001)
            reaped, status, usage = os.wait4(pid, os.WNOHANG)
        if not reaped:
            os.kill(pid, signal.SIGKILL)
            _, status, usage = os.wait4(pid, 0)
        self._base.after_end(pid)
        return Closed(session, os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)


def warm(descriptors: str, imports: str = "*") -> None:
    """The warm process, from start to end.

    `descriptors` are its ends of the control sockets, one for each grader that it works for; `imports` is what the assignment's notebook
    imports, or a star for an exercise of this course. Both are lists, with commas.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    controls = [socket.socket(fileno=int(one)) for one in descriptors.split(",")]
    base = enter()
    shell = warm_up(None if imports == "*" else imports.split(","))
    try:
        if len(controls) == 1:
            WarmProcess(controls[0], base, shell).serve()
        else:
            _copies(controls, base, shell)
    finally:
        base.leave()


def _copies(controls: list[socket.socket], base: Base, shell: WorkerShell) -> None:
    """A copy of the warm process for each grader, so that none waits for another's orders. If one fails, all end."""
    gather()
    left = set[int]()
    for control in controls:
        base.before_copy()
        pid = os.fork()
        if pid == 0:
            _be_copy(control, [other for other in controls if other is not control], base, shell)
        left.add(pid)
    for control in controls:
        control.close()
    try:
        while left:
            pid, status = os.wait()
            if pid in left and status:
                raise SystemExit(1)
            left.discard(pid)
    finally:
        for pid in left:
            os.kill(pid, signal.SIGKILL)


def _be_copy(control: socket.socket, others: list[socket.socket], base: Base, shell: WorkerShell) -> NoReturn:
    code = 1
    try:
        for other in others:
            other.close()
        base.in_copy()
        WarmProcess(control, base, shell, gathered=True).serve()
        code = 0
    except BaseException:
        traceback.print_exc(file=sys.__stderr__)
    finally:
        os._exit(code)


def fresh(port: str) -> None:
    """A process for one submission, where there is no warm one."""
    sock = socket.create_connection(("127.0.0.1", int(port)))
    sock.sendall(bytes.fromhex(os.environ.pop("GRADER_WORD")))
    base = Base("only Linux can hold it to that")
    shell = warm_up()
    Child(Channel(sock), shell).run(lambda start: base.confine(start.limits))
    base.leave()
    os._exit(0)

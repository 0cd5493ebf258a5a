"""The grader's side: opens a session for each submission, runs its cells, plays the host in its trials.

    with WorkerClient() as client, client.open(folder, Limits()) as session:
        result = session.run_cell("1 + 1", timeout=30)

One client belongs to one process and one thread; it may have several sessions open. The warm process starts with the first session.
"""

import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Literal

import msgspec
from nbformat import NotebookNode

from autograder.execution import frames
from autograder.execution.capture import cleaned
from autograder.execution.channel import Channel, ChannelClosed, ChannelTimeout, FrameTooLarge
from autograder.execution.files import read
from autograder.execution.frames import FRAME_LIMIT, CellDone, Exchange, Ready, ToChild, ToGrader, TrialEnd, TrialFailed
from autograder.execution.hosts import Host, best_host
from autograder.execution.orders import Closed, Used, WorkerError
from autograder.execution.outputs import Displays, node, size_of, to_notebook
from autograder.execution.packing import encode
from autograder.sandbox.limits import Limits
from autograder.sandbox.report import Report, SandboxUnavailable
from autograder.sandbox.watch import delayed

READY_TIMEOUT = 60.0
"""Seconds until a child must be locked down and have written its files."""

OUTPUT_LIMIT = 40_000_000
"""Bytes of outputs and updates that are kept of one session, all its cells together."""
MOST_OUTPUTS = 5_000
"""Outputs of one session, however small they are: a page with more is of no use to anybody."""
TOO_MUCH = "(This submission shows too much: from here on its outputs are left out.)\n"

GRACE = 2.0
"""Seconds that a cell has to end after it was interrupted."""

BUSY_AFTER = 1800.0
"""Real seconds after which a machine that gives the submission no processor is said to be too busy."""

LOOK = 2.0
"""Real seconds between two looks at what a submission that does not answer is doing."""

IDLE_TOGETHER = 120.0
"""Seconds that a submission may spend on neither computing nor talking, in all its trials together."""

PAST_THE_LIMIT = 5.0
"""Seconds of processor time that a trial may use beyond what the system should have held it to, before the session is ended for it."""

PATIENCE = 0.5
"""Seconds that a process has to end by itself once its end of the pipe is closed, so that its exit code can be told."""

FORGED = "the submission wrote to the grader's pipe"
TIMEOUT_ERROR = ("CellTimeoutError", "", ["\x1b[0;31mCellTimeoutError\x1b[0m: No reply from kernel before timeout"])
"""As nbgrader's `Execute.error_on_timeout` says it."""


@dataclass(frozen=True)
class Failure:
    """Why a session ended before its time."""

    kind: Literal["died", "timeout", "forged", "too large", "trial"]
    sentence: str


class GraderBusy(WorkerError):
    """The machine was too busy to tell whether a submission comes to an end. Nothing is known of the submission: grade it again."""


class SubmissionFailed(Exception):
    """The session has ended; what it was to do cannot be done. The text is a sentence."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.sentence)
        self.failure = failure


@dataclass(frozen=True)
class CellResult:
    """What a cell showed: outputs as in a notebook (nbformat 4), its number, and how it ended.

    A later cell may update a display of this one, so keep these very outputs, not copies, until the session is closed.
    """

    outputs: list[NotebookNode]
    execution_count: int | None
    status: frames.Status


QUICK = 0.2
"""Real seconds: what a shorter cell has waited for a processor is not asked for."""

LATENCY = 0.0002
"""Real seconds that a message may take on its way between two processes; a submission that talks without a pause is not idle in them."""


class _Turns:
    """What a submission does while it is its turn in a trial: how long it has neither computed nor talked, however short the single pauses
    are, and how long it has computed, in however many processes. The limits that it runs under are those of one process, and it can lift
    some of them."""

    def __init__(self) -> None:
        self.together = 0.0
        self.begin()

    def begin(self) -> None:
        """Another trial, in another process: what that has used counts from its first look on."""
        self.idle = self.computed = self._unseen = self._on_the_way = self._ours = 0.0
        self._before: Used | None = None

    def add(self, waited: float, usage: "Callable[[], Used]") -> None:
        """So many real seconds have passed until it said something, or said nothing. What they both waited for a processor is not idle."""
        self._unseen += waited
        self._on_the_way += min(waited, LATENCY)
        if self._unseen < LOOK / 2:
            return
        now, ours = usage(), delayed()
        if self._before is not None:
            computed = now.cpu - self._before.cpu
            waited_for_a_processor = max(0.0, now.delayed - self._before.delayed) + ours - self._ours
            idle = max(0.0, self._unseen - self._on_the_way - computed - waited_for_a_processor)
            self.computed += max(0.0, computed)
            self.idle += idle
            self.together += idle
        self._before, self._ours, self._unseen, self._on_the_way = now, ours, 0.0, 0.0


class Session:
    """One submission's process."""

    def __init__(self, host: Host, number: int, files: Path | None, limits: Limits, again: "Callable[[], Session] | None" = None) -> None:
        self._host = host
        self._again = again
        self._ran: list[tuple[str, float | None]] = []
        self._others: dict[int, Session] = {}
        self._number = number
        self._request = 0
        self._count = 0
        self._shown = self._outputs = 0
        self._displays = Displays()
        self._turns = _Turns()
        self.spent = 0.0
        """Seconds that its cells have taken of their own time: computing, or waiting for something, but not for a processor."""
        self.failure: Failure | None = None
        """Why it ended early, if it did."""
        self.ended: Closed | None = None
        """How its process ended and what it used, once it has."""
        bring = list(read(files, limits)) if files else []
        self._channel = Channel(host.open(number, limits))
        try:
            deadline = time.monotonic() + READY_TIMEOUT
            self._send(frames.Start(limits, len(bring)), deadline)
            for file in bring:
                self._send(file, deadline)
            if not isinstance(self._receive(deadline), Ready):
                raise WorkerError("The process for the submission answered out of turn before the submission ran.")
        except SubmissionFailed as failed:
            raise WorkerError(f"The process for the submission did not get ready: {host.last_line() or failed}") from None
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def run_cell(self, source: str, timeout: float | None) -> CellResult:
        """Run a cell for at most `timeout` seconds; then it is interrupted, and if that does not help, the session is ended.

        Raises SubmissionFailed when the session has ended: by this cell (`os._exit`, a crash, a forged message) or before it.
        """
        self._begin()
        self._ran.append((source, timeout))
        self._send(frames.RunCell(self._request, cleaned(source)), time.monotonic() + READY_TIMEOUT)
        timed_out = False
        try:
            reply = self._receive_in_own_time(timeout)
        except ChannelTimeout:
            timed_out = True
            self._host.interrupt(self._number)
            try:
                reply = self._receive(time.monotonic() + GRACE, end_on_timeout=False)
            except ChannelTimeout:
                self._count += 1
                self._fail("timeout", f"a cell ran for more than {timeout:g} seconds and could not be interrupted")
                return CellResult([_timeout_error()], self._count, "timeout")
        if not isinstance(reply, CellDone) or reply.number != self._request:
            raise self._fail("forged", FORGED)
        for update in reply.updates:
            self._shown += size_of([update])
            if self._shown <= OUTPUT_LIMIT:
                self._displays.update(update)
        self._shown += size_of(reply.outputs)
        self._outputs += len(reply.outputs)
        if self._shown > OUTPUT_LIMIT or self._outputs > MOST_OUTPUTS:
            reply.outputs = [frames.Stream("stderr", TOO_MUCH)]
        nodes = [to_notebook(output) for output in reply.outputs]
        self._displays.remember(reply.outputs, nodes)
        self._count = reply.execution_count
        if timed_out:
            return CellResult([*nodes, _timeout_error()], reply.execution_count, "timeout")
        return CellResult(nodes, reply.execution_count, reply.status)

    def life(self, number: int) -> "Session":
        """This session for the first life of a program; for a later one another process, in which the same cells were run.

        What a program has kept is gone when it is started again, whatever it did to keep it: nothing that ran here has ever been there.
        Raises SubmissionFailed when the cells end that process, WorkerError.
        """
        if number == 1 or self._again is None:
            return self
        if number not in self._others:
            other = self._others[number] = self._again()
            for source, timeout in self._ran:
                other.run_cell(source, timeout)
        return self._others[number]

    def used(self) -> float:
        """Seconds of processor time that it has used so far."""
        return self._host.usage(self._number).cpu if self.ended is None else self.ended.cpu

    def trial(self, spec: bytes, host: Callable[[bytes], bytes], timeout: float) -> bytes | Failure:
        """Let the guest of a trial talk to `host` until it ends. `timeout`: seconds of processor time that it may use, and seconds that it
        may spend on neither computing nor talking.

        `host` gets each message and returns its answer; what it raises goes through, and ends the session. The bytes returned are the
        guest's own account. A Failure of kind "trial" leaves the session usable, any other has ended it. Raises GraderBusy.
        """
        try:
            self._begin()
            self._turns.begin()
            self._send(frames.Trial(self._request, spec, max(1, round(timeout))), time.monotonic() + READY_TIMEOUT)
            while True:
                message = self._receive_from_trial(timeout)
                match message:
                    case Exchange(self._request, data):
                        self._send(frames.Answer(host(data)), time.monotonic() + READY_TIMEOUT)
                    case TrialEnd(self._request, result):
                        return result
                    case TrialFailed(self._request, sentence):
                        return Failure("trial", sentence)
                    case _:
                        return self._fail("forged", FORGED).failure
        except SubmissionFailed as failed:
            return failed.failure
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End the process and all that it started, and those of its other lives. Safe to call twice."""
        for other in self._others.values():
            other.close()
        self._close(patience=0)

    def _close(self, patience: float) -> None:
        if self.ended is None:
            self._channel.close()
            try:
                self.ended = self._host.close(self._number, patience)
            except WorkerError:  # what started it has gone, and so has it
                self.ended = Closed(self._number, -9, 0.0, 0)

    # ---- what can go wrong

    def _begin(self) -> None:
        if self.failure:
            raise SubmissionFailed(self.failure)
        if self.ended:
            raise SubmissionFailed(Failure("died", "the session is closed"))
        if self._channel.pending():
            raise self._fail("forged", FORGED)
        self._request += 1

    def _send(self, message: ToChild, deadline: float) -> None:
        try:
            self._channel.send(encode(message), deadline)
        except FrameTooLarge as problem:
            raise WorkerError(f"What was to be sent to the submission is too long: {problem}.") from None
        except ChannelTimeout:
            raise self._fail("timeout", "the submission did not read what the grader sent") from None
        except ChannelClosed:
            raise self._died() from None

    def _receive_in_own_time(self, seconds: float | None) -> ToGrader:
        """The next message, while a cell runs for at most `seconds` of its own time: computing or waiting for something, but not waiting
        for a processor. Raises ChannelTimeout, and GraderBusy when the machine is too busy to tell."""
        if seconds is None:
            return self._receive(None)
        start, before = time.monotonic(), self._host.usage(self._number)
        own = 0.0
        try:
            while True:
                try:
                    return self._receive(time.monotonic() + max(0.01, min(seconds - own, LOOK)), end_on_timeout=False)
                except ChannelTimeout:
                    own, passed = self._own_time(start, before), time.monotonic() - start
                    if own >= seconds:
                        raise
                    self._busy_after(passed)
        finally:
            if self.ended is None:
                self.spent += self._own_time(start, before) if time.monotonic() - start > QUICK else time.monotonic() - start

    def _own_time(self, start: float, before: Used) -> float:
        now, passed = self._host.usage(self._number), time.monotonic() - start
        return max(now.cpu - before.cpu, passed - (now.delayed - before.delayed))

    def _receive_from_trial(self, seconds: float) -> ToGrader:
        """The next message of a trial, which may do nothing, and may compute, for at most so many seconds in all."""
        first = time.monotonic()
        while True:
            start = time.monotonic()
            try:
                return self._receive(start + LOOK, end_on_timeout=False)
            except ChannelTimeout:
                self._busy_after(time.monotonic() - first)
            finally:
                if self.ended is None:
                    self._turns.add(time.monotonic() - start, lambda: self._host.usage(self._number))
                    if self._turns.idle >= seconds or self._turns.together >= IDLE_TOGETHER:
                        raise self._fail("timeout", "the submission did nothing for a long time, and did not end")
                    if self._turns.computed >= seconds + PAST_THE_LIMIT:
                        raise self._fail("timeout", f"the submission computed for more than {seconds:g} seconds in one trial")

    def _busy_after(self, passed: float) -> None:
        if passed > BUSY_AFTER:
            self.close()
            raise GraderBusy("The computer was too busy to grade this submission. Grade it again when less runs beside it.")

    def _receive(self, deadline: float | None, end_on_timeout: bool = True) -> ToGrader:
        """The next message. Raises SubmissionFailed, and ChannelTimeout if the session is not to end for it."""
        try:
            return frames.read_as_grader(self._channel.receive(deadline))
        except ChannelTimeout:
            if end_on_timeout:
                raise self._fail("timeout", "the submission did not finish in time") from None
            raise
        except FrameTooLarge:
            raise self._fail("too large", f"the submission sent the grader a message of more than {FRAME_LIMIT:,} bytes") from None
        except ChannelClosed:
            raise self._died() from None
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError, ValueError):
            raise self._fail("forged", FORGED) from None

    def _fail(self, kind: Literal["timeout", "forged", "too large"], sentence: str) -> SubmissionFailed:
        self.failure = Failure(kind, sentence)
        self.close()
        return SubmissionFailed(self.failure)

    def _died(self) -> SubmissionFailed:
        self._close(PATIENCE)
        assert self.ended is not None
        self.failure = Failure("died", _how_it_ended(self.ended.code))
        return SubmissionFailed(self.failure)


def _timeout_error() -> NotebookNode:
    name, value, trace = TIMEOUT_ERROR
    return node(output_type="error", ename=name, evalue=value, traceback=list(trace))


def _how_it_ended(code: int) -> str:
    """A sentence on an exit code, or on minus a signal."""
    if code == -signal.SIGKILL:
        return "the submission's process was ended from outside, or used up its memory or processor time"
    if code < 0:
        return f"the submission's process crashed with {signal.Signals(-code).name}"
    return f"the submission ended its own process, with exit code {code}"


@dataclass
class WorkerClient:
    """Opens sessions. With `trust`, submissions run even where the machine cannot hold them to everything that it should."""

    trust: bool = False
    host: Host = field(default_factory=best_host)
    _count: int = 0
    _open: list[Session] = field(default_factory=list)

    def __enter__(self) -> "WorkerClient":
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def start(self) -> None:
        """Start the warm process without waiting for it, so that it imports while the grader does other things. Raises WorkerError."""
        self.host.start()

    def report(self) -> Report:
        """Which protections hold. Starts the warm process. Raises WorkerError."""
        return self.host.report()

    def open(self, files: Path | None = None, limits: Limits | None = None) -> Session:
        """A process for one submission, with copies of the files in the folder `files`. Raises SandboxUnavailable, WorkerError."""
        report = self.host.report()
        if not (report.complete or self.trust):
            raise SandboxUnavailable(report)
        self._count += 1
        session = Session(self.host, self._count, files, limits or Limits(), lambda: self.open(files, limits))
        self._open = [*(other for other in self._open if other.ended is None), session]
        return session

    def close(self) -> None:
        """End the warm process and every session."""
        for session in self._open:
            session.close()
        self.host.stop()

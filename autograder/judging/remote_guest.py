"""The guest of a trial in a submission's process, and how little its word is worth.

Whatever comes through the pipe may have been written by the submission itself. So each message is parsed strictly, may only say what a
guest can say, and counts against a budget of messages, bytes and processor time that a submission has for all its trials together: the host
keeps what it is told, and would otherwise be filled up. A message that no guest would send ends the trial, and the report says so.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence

import msgspec

from autograder.execution.client import FORGED, Failure, Session, SubmissionFailed
from autograder.execution.packing import encode, reader
from threadlab.trials.guest import messages as m
from threadlab.trials.trial import Guest

TRIAL_TIMEOUT = 20.0
"""Seconds of processor time that one process of a trial may use. Waiting is virtual, so only computing takes time."""
SHORT = 0.05
"""Real seconds: what a shorter trial has used of the processor is not asked for."""

ENDING_LIMIT = 1_000_000
"""Bytes in a guest's account of how it ended. What a function returned is cut to much less by an honest guest."""

_read_said: Callable[[bytes], m.Said] = reader(m.Said)


class Budget:
    """What all trials of one submission may cost the grader."""

    def __init__(self, messages: int = 400_000, size: int = 128 * 1024**2, seconds: float = 180.0) -> None:
        self.messages, self.size, self.seconds = messages, size, seconds
        self.used: dict[int, float] = {}
        """Seconds of processor time that the submission had used when it was last looked at, in each life of its program."""

    def take(self, size: int) -> None:
        """One more message. Raises Distrusted when that is too much."""
        self.messages -= 1
        self.size -= size
        if self.messages < 0:
            raise Distrusted("the submission sent more requests than could be answered")
        if self.size < 0:
            raise Distrusted("the submission sent more bytes than could be read, all its trials together")


class Distrusted(Exception):
    """The guest said something that no guest says, or too much. The text is a sentence's end."""


class _Trial:
    """What is remembered of one trial to hold its guest to the rules."""

    def __init__(self, budget: Budget, number: int) -> None:
        self._budget = budget
        self._number = number
        """Of the last request: in a program that is started again they are counted on."""

    def read(self, data: bytes) -> m.Said:
        """A message, if it is one that a guest sends here and now."""
        self._budget.take(len(data))
        result = parse(data)
        if isinstance(result, m.Send):
            if result.number != self._number + 1 or result.patience < 0:
                raise Distrusted(FORGED)
            self._number = result.number
        elif isinstance(result, m.ReadOn | m.Abandon):
            if not 0 < result.number <= self._number:
                raise Distrusted(FORGED)
        elif isinstance(result, m.Ending) or (isinstance(result, m.Sleep) and result.seconds < 0):
            raise Distrusted(FORGED)
        return result


def parse(data: bytes) -> m.Said:
    """Raises Distrusted."""
    try:
        result: m.Said = _read_said(data)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError, ValueError):
        raise Distrusted(FORGED) from None
    numbers = [getattr(result, name, 0.0) for name in ("seconds", "timer_at", "patience")]
    if any(isinstance(number, float) and not math.isfinite(number) for number in numbers):
        raise Distrusted(FORGED)
    return result


def remote_guest(session: Session, budget: Budget | None = None, timeout: float = TRIAL_TIMEOUT, context: Sequence[str] = ()) -> Guest:
    """A guest in the submission's process. What it may not do ends the trial, and is noted as the session's failure.

    `context`: as in `threadlab.trials.trial.in_process`."""
    allowed = budget or Budget()

    def guest(spec: m.Spec, ask: Callable[[m.Said], m.Told]) -> m.Ending:
        trial = _Trial(allowed, spec.number)
        sent = encode(msgspec.structs.replace(spec, context=list(context)))
        life = session
        start = time.monotonic()
        try:
            if allowed.seconds <= 0:
                raise Distrusted("the submission computed for too long, in all its trials together")
            life = session.life(spec.attempt)
            start = time.monotonic()
            allowed.used.setdefault(spec.attempt, life.used() if life is not session else 0.0)
            result = life.trial(sent, lambda data: encode(ask(trial.read(data))), min(timeout, allowed.seconds))
            if isinstance(result, Failure):
                return _halted(result.sentence)
            return _ending(result)
        except Distrusted as found:
            session.failure = session.failure or Failure("forged", str(found))
            return _halted(str(found))
        except SubmissionFailed as failed:
            return _halted(failed.failure.sentence)
        except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
            # The service is made for what an HTTP client sends; this was something else.
            sentence = f"the service could not make sense of a request ({type(error).__name__})"
            session.failure = session.failure or Failure("forged", sentence)
            return _halted(sentence)
        finally:
            took = time.monotonic() - start
            before = allowed.used.get(spec.attempt, 0.0)
            if took > SHORT and life.failure is None:
                allowed.used[spec.attempt] = life.used()
            allowed.seconds -= min(took, max(allowed.used.get(spec.attempt, 0.0) - before, 0.0)) if took > SHORT else took

    return guest


def _halted(sentence: str) -> m.Ending:
    return m.Ending("halted", message=f"came to no end: {sentence}")


HOWS = ("returned", "raised", "halted", "missing", "broken")


def _ending(result: bytes) -> m.Ending:
    if len(result) > ENDING_LIMIT:
        raise Distrusted("the submission returned more than can be looked at")
    ending = parse(result)
    if not isinstance(ending, m.Ending) or ending.how not in HOWS:
        raise Distrusted(FORGED)
    return msgspec.structs.replace(
        ending,
        type=ending.type[:100],
        message=ending.message[:2000],
        line=ending.line[:300],
        bases=[one[:100] for one in ending.bases[:20]],
        forgotten=[one[:200] for one in ending.forgotten[:20]],
        never_awaited=[one[:200] for one in ending.never_awaited[:20]],
        task_errors=[one[:500] for one in ending.task_errors[:20]],
    )

"""Grade a submission's notebook: its cells run in a session, its graded cells are judged here.

The process of the submission never sees a check, a point or a graded cell. It runs the other cells, and plays the guest in trials whose
host is on this side. Every graded cell gets a plain number or an error, never nothing: nbgrader gives full marks to nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import msgspec
from nbformat import NotebookNode

from autograder.behaviours import Exercise, Verdict, judge
from autograder.execution.client import Failure, Session, SubmissionFailed
from autograder.execution.outputs import node
from autograder.learn import render
from autograder.notebooks import answer_sources, is_graded, part_of
from threadlab.guest import messages as m
from threadlab.trial import Guest

CELL_TIMEOUT = 30.0
TRIAL_TIMEOUT = 20.0
"""Real seconds that one trial may take. Waiting is virtual, so only computing takes time."""

AMBIENT = "__import__('threadlab.guest.ambient').guest.ambient.start()"
"""What a submission's process runs first: a service for the cells that only look around."""

_said = msgspec.msgpack.Decoder(m.Said)
_encode = msgspec.msgpack.Encoder().encode


class _Forged(Exception):
    """The guest said something that no guest says."""


def remote_guest(session: Session, timeout: float = TRIAL_TIMEOUT) -> Guest:
    """A guest in the submission's process. Whatever it says is parsed strictly; what cannot be parsed ends the trial."""

    def guest(spec: m.Spec, ask: Callable[[m.Said], m.Told]) -> m.Ending:
        def host(data: bytes) -> bytes:
            said = _read(data)
            if isinstance(said, m.Ending):
                raise _Forged
            return _encode(ask(said))

        try:
            result = session.trial(_encode(spec), host, timeout)
            if isinstance(result, Failure):
                return m.Ending("halted", message=f"came to no end: {result.sentence}")
            ending = _read(result)
        except _Forged:
            return m.Ending("halted", message="came to no end: the submission wrote to the grader's pipe")
        except SubmissionFailed as failed:
            return m.Ending("halted", message=f"came to no end: {failed.failure.sentence}")
        return ending if isinstance(ending, m.Ending) else m.Ending("halted", message="came to no end")

    return guest


def _read(data: bytes) -> m.Said:
    try:
        said: m.Said = _said.decode(data)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError, ValueError):
        raise _Forged from None
    numbers = [getattr(said, name, 0.0) for name in ("seconds", "timer_at", "patience")]
    if any(isinstance(number, float) and not math.isfinite(number) for number in numbers):
        raise _Forged
    return said


def grade_notebook(
    notebook: NotebookNode, session: Session, exercise: Exercise | None, *, cell_timeout: float | None = CELL_TIMEOUT
) -> list[Verdict]:
    """Run a notebook's cells and write their outputs into it; returns the verdict of each graded cell.

    Without an exercise (an assignment that is not one of the course's) graded cells run like all others, as in stock nbgrader.
    """
    verdicts: list[Verdict] = []
    if exercise is not None:
        _quietly(session)
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        if exercise is not None and is_graded(cell):
            verdict = _judged(notebook, cell, session, exercise)
            verdicts.append(verdict)
            cell.outputs, cell.execution_count = _verdict_outputs(verdict), None
            continue
        try:
            result = session.run_cell(cell.source, cell_timeout)
            cell.outputs, cell.execution_count = result.outputs, result.execution_count
        except SubmissionFailed as failed:
            cell.outputs, cell.execution_count = [_error("SubmissionFailed", failed.failure.sentence)], None
    return verdicts


def _quietly(session: Session) -> None:
    try:
        session.run_cell(AMBIENT, CELL_TIMEOUT)
    except SubmissionFailed:
        return


def _judged(notebook: NotebookNode, cell: NotebookNode, session: Session, exercise: Exercise) -> Verdict:
    name = part_of(cell)
    known = [part.name for part in exercise.parts]
    if name not in known:
        return Verdict(str(name), [], note=f"this graded cell is not one of {exercise.slug}'s: restore the notebook from the release.")
    return judge(exercise.part(name), remote_guest(session), answer_sources(notebook, name))


def _verdict_outputs(verdict: Verdict) -> list[NotebookNode]:
    if not verdict.findings:
        return [_error("CheckError", verdict.note)]
    points = float(verdict.earned)
    return [
        node(output_type="stream", name="stdout", text=render(verdict) + "\n"),
        node(output_type="execute_result", data={"text/plain": repr(points)}, metadata={}, execution_count=None),
    ]


def _error(name: str, sentence: str) -> NotebookNode:
    return node(output_type="error", ename=name, evalue=sentence, traceback=[f"{name}: {sentence}"])

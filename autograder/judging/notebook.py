"""Grade a submission's notebook: its cells run in a session, its graded cells are judged here.

The process of the submission never sees a check, a point or a graded cell. It runs the other cells, and plays the guest in trials whose
host is on this side. Every graded cell gets a plain number or an error, never nothing: nbgrader gives full marks to nothing.
"""

from __future__ import annotations

import time

import msgspec
from nbformat import NotebookNode

from autograder.execution.capture import cleaned
from autograder.execution.client import Failure, Session, SubmissionFailed
from autograder.execution.outputs import node
from autograder.judging.behaviours import Exercise, Finding, Part, Verdict
from autograder.judging.hidden import judge_all
from autograder.judging.remote_guest import Budget, remote_guest
from autograder.judging.verdict_text import render
from autograder.notebooks import answer_sources, is_graded, part_of

CELL_TIMEOUT = 30.0
JOURNAL_LINES = 40
"""How much of a journal a student's page shows."""
SUBMISSION_TIMEOUT = 300.0
"""Real seconds that all cells of a submission may take together."""

AMBIENT = "__import__('threadlab.trials.guest.ambient').trials.guest.ambient.start()"
"""What a submission's process runs first: a service for the cells that only look around."""


def grade_notebook(
    notebook: NotebookNode, session: Session, exercise: Exercise | None, *, cell_timeout: float | None = CELL_TIMEOUT
) -> list[Verdict]:
    """Run a notebook's cells and write their outputs into it; returns the verdict of each graded cell.

    Without an exercise (an assignment that is not one of the course's) graded cells run like all others, as in stock nbgrader.
    """
    verdicts: list[Verdict] = []
    budget, end = Budget(), time.monotonic() + SUBMISSION_TIMEOUT
    if exercise is not None:
        quietly(session)
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        if exercise is not None and is_graded(cell):
            verdict = _judged(notebook, cell, session, exercise, budget)
            cell.outputs, cell.execution_count = _verdict_outputs(verdict), None
            verdicts.append(msgspec.structs.replace(verdict, timeline=""))  # the picture is for the student's page
            continue
        try:
            if time.monotonic() > end:
                raise SubmissionFailed(_out_of_time(session))
            result = session.run_cell(cell.source, cell_timeout)
            cell.outputs, cell.execution_count = result.outputs, result.execution_count
        except SubmissionFailed as failed:
            cell.outputs, cell.execution_count = [_error("SubmissionFailed", failed.failure.sentence)], None
    return verdicts


def quietly(session: Session) -> None:
    """Give the session a service for the cells that only look around."""
    try:
        session.run_cell(AMBIENT, CELL_TIMEOUT)
    except SubmissionFailed:
        return


def _out_of_time(session: Session) -> Failure:
    session.failure = session.failure or Failure("timeout", f"the cells took more than {SUBMISSION_TIMEOUT:g} seconds together")
    return session.failure


def _judged(notebook: NotebookNode, cell: NotebookNode, session: Session, exercise: Exercise, budget: Budget) -> Verdict:
    name = part_of(cell)
    known = [part.name for part in exercise.parts]
    if name not in known:
        return Verdict(str(name), [], note=f"this graded cell is not one of {exercise.slug}'s: restore the notebook from the release.")
    part = exercise.part(name)
    try:
        return judge_all(exercise.slug, part, remote_guest(session, budget), answer_sources(notebook, name))
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        # A check reads what an honest guest reports; a value that nothing honest returns earns nothing.
        return _nothing(part, f"what it returned cannot be judged ({type(error).__name__}).")


def _nothing(part: Part, sentence: str) -> Verdict:
    return Verdict(part.name, [Finding(one.name, one.points, 0, sentence) for one in part.behaviours], note=sentence)


def _verdict_outputs(verdict: Verdict) -> list[NotebookNode]:
    if not verdict.findings:
        return [_error("CheckError", verdict.note)]
    points = float(verdict.earned)
    text = render(verdict) + "\n"
    if verdict.journal:
        more = len(verdict.journal) - JOURNAL_LINES
        rest = [f"… and {more} more lines"] if more > 0 else []
        text += "\n".join(["", "What happened there, a line for each thing:", *verdict.journal[:JOURNAL_LINES], *rest, ""])
    drawn = {"text/html": cleaned(verdict.timeline), "text/plain": "A timeline of what happened there."}
    return [
        node(output_type="stream", name="stdout", text=cleaned(text)),
        *([node(output_type="display_data", data=drawn, metadata={})] if verdict.timeline else []),
        node(output_type="execute_result", data={"text/plain": repr(points)}, metadata={}, execution_count=None),
    ]


def _error(name: str, sentence: str) -> NotebookNode:
    return node(output_type="error", ename=name, evalue=sentence, traceback=[f"{name}: {sentence}"])

"""Grade a submission's notebook: its cells run in a session, its graded cells are judged here.

The process of the submission never sees a check, a point or a graded cell. It runs the other cells, all of them first, and plays the
guest in trials whose host is on this side. Every graded cell gets a plain number or an error, never nothing: nbgrader gives full
marks to nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import msgspec
from nbformat import NotebookNode

from autograder.course_folder import ROOT
from autograder.execution.capture import cleaned
from autograder.execution.client import Failure, Session, SubmissionFailed
from autograder.execution.files import read as read_files
from autograder.execution.outputs import node
from autograder.judging.behaviours import UNJUDGED, Exercise, Finding, Part, Verdict, judge, with_one_cause
from autograder.judging.cleaning import clean
from autograder.judging.hidden import with_hidden
from autograder.judging.remote_guest import Budget, remote_guest
from autograder.judging.verdict_text import render
from autograder.notebooks import answer_of, is_graded, part_of
from autograder.sandbox.limits import Limits
from threadlab.trials.trial import SALT

CELL_TIMEOUT = 30.0
JOURNAL_LINES = 40
"""How much of a journal a student's page shows."""
SUBMISSION_TIME = 300.0
"""Seconds that all cells of a submission may take together: of processor time, and of their own time, which may be waiting."""

TIMESTAMP = "timestamp.txt"
"""When something was handed in: it is the same work at another time."""
AMBIENT = "__import__('threadlab.trials.guest.ambient').trials.guest.ambient.start()"
"""What a submission's process runs first: a service for the cells that only look around."""


def grade_notebook(
    notebook: NotebookNode, session: Session, exercise: Exercise | None, *, cell_timeout: float | None = CELL_TIMEOUT
) -> list[Verdict]:
    """Run a notebook's cells and write their outputs into it; returns the verdict of each graded cell.

    Without an exercise (an assignment that is not one of the course's) graded cells run like all others, as in stock nbgrader.
    """
    if exercise is not None:
        quietly(session)
    graded = [cell for cell in notebook.cells if exercise is not None and is_graded(cell)]
    for cell in notebook.cells:
        if cell.cell_type == "code" and cell not in graded:
            _run(cell, session, cell_timeout)
    clean(notebook)
    if exercise is None:
        return []
    # From here on no cell runs, so nothing that a trial lets the submission know can be shown by one.
    judged = _judged(notebook, graded, session, exercise)
    for cell, verdict in zip(graded, judged, strict=True):
        cell.outputs, cell.execution_count = _verdict_outputs(verdict), None
    return [msgspec.structs.replace(verdict, timeline="") for verdict in judged]  # the picture is for the student's page


def _run(cell: NotebookNode, session: Session, timeout: float | None) -> None:
    """Run a cell and write its outputs into it."""
    try:
        if session.spent > SUBMISSION_TIME or session.used() > SUBMISSION_TIME:
            raise SubmissionFailed(_out_of_time(session))
        result = session.run_cell(cell.source, timeout)
        cell.outputs, cell.execution_count = result.outputs, result.execution_count
    except SubmissionFailed as failed:
        cell.outputs, cell.execution_count = [_error("SubmissionFailed", failed.failure.sentence)], None


def quietly(session: Session) -> None:
    """Give the session a service for the cells that only look around."""
    try:
        session.run_cell(AMBIENT, CELL_TIMEOUT)
    except SubmissionFailed:
        return


def run_cells(notebook: NotebookNode, session: Session) -> None:
    """All cells but the graded ones, as when a notebook is graded, for trials to come. Raises SubmissionFailed."""
    quietly(session)
    for cell in notebook.cells:
        if cell.cell_type == "code" and part_of(cell) is None:
            session.run_cell(cell.source, CELL_TIMEOUT)


def _out_of_time(session: Session) -> Failure:
    session.failure = session.failure or Failure("timeout", f"the cells took more than {SUBMISSION_TIME:g} seconds together")
    return session.failure


def _judged(notebook: NotebookNode, graded: list[NotebookNode], session: Session, exercise: Exercise) -> list[Verdict]:
    """The verdicts of the graded cells, in their order: all visible scenes first, then those that are kept back."""
    budget = Budget()
    parts = {part.name: part for part in exercise.parts}
    answers = {name: answer_of(notebook, name) for name in parts}
    guests = {name: remote_guest(session, budget, context=answers[name].context) for name in parts}
    verdicts: list[Verdict] = []
    for cell in graded:
        name = part_of(cell)
        if name not in parts:
            note = f"this graded cell is not one of {exercise.slug}'s: restore the notebook from the release."
            verdicts.append(Verdict(str(name), [], note=note))
            continue
        part, guest, sources = parts[name], guests[name], answers[name].sources
        verdicts.append(_guarded(part, lambda part=part, guest=guest, sources=sources: judge(part, guest, sources)))  # type: ignore[misc]
    for index, verdict in enumerate(verdicts):
        if verdict.part in parts:
            part, guest, sources = parts[verdict.part], guests[verdict.part], answers[verdict.part].sources
            verdicts[index] = _guarded(
                part,
                lambda verdict=verdict, part=part, guest=guest, sources=sources: with_hidden(  # type: ignore[misc]
                    exercise.slug, part, verdict, guest, sources
                ),
            )
    return verdicts


def _guarded(part: Part, judging: Callable[[], Verdict]) -> Verdict:
    try:
        return judging()
    except UNJUDGED as error:
        # A check reads what an honest guest reports; a value that nothing honest returns earns nothing.
        return _nothing(part, f"what it returned cannot be judged ({type(error).__name__}).")


def _nothing(part: Part, sentence: str) -> Verdict:
    return Verdict(
        part.name, with_one_cause([Finding(one.name, one.points, 0, sentence, "unjudged") for one in part.behaviours]), note=sentence
    )


def _verdict_outputs(verdict: Verdict) -> list[NotebookNode]:
    if not verdict.findings:
        return [_error("CheckError", verdict.note)]
    points = float(verdict.earned)
    text = render(verdict) + "\n"
    if verdict.journal:
        more = len(verdict.journal) - JOURNAL_LINES
        rest = [f"… and {more} more lines"] if more > 0 else []
        text += "\n".join(["", "What happened there, a line for each thing:", *verdict.journal[:JOURNAL_LINES], *rest, ""])
    timeline = {"text/html": cleaned(verdict.timeline), "text/plain": "A timeline of what happened there."}
    return [
        node(output_type="stream", name="stdout", text=cleaned(text)),
        *([node(output_type="display_data", data=timeline, metadata={})] if verdict.timeline else []),
        node(output_type="execute_result", data={"text/plain": repr(points)}, metadata={}, execution_count=None),
    ]


def _error(name: str, sentence: str) -> NotebookNode:
    return node(output_type="error", ename=name, evalue=sentence, traceback=[f"{name}: {sentence}"])


@contextlib.contextmanager
def salted(notebook: NotebookNode, folder: Path | None = None) -> Iterator[None]:
    """Let the ids of all trials follow from what was handed in, with the files in `folder`, and from a secret of this computer: the same
    when it is graded again, others for everybody else, and not to be known beforehand. Raises WorkerError for files that are too large."""
    digest = hashlib.sha256(secret())
    for cell in (one for one in notebook.cells if one.cell_type == "code"):
        digest.update(str(cell.get("source", "")).encode("utf-8", "replace") + b"\0")
    for file in read_files(folder, Limits()) if folder is not None else ():
        if file.path != TIMESTAMP:
            digest.update(f"{file.path}\0{len(file.data)}\0".encode() + file.data)
    token = SALT.set(int.from_bytes(digest.digest()[:7], "big"))
    try:
        yield
    finally:
        SALT.reset(token)


@cache
def secret() -> bytes:
    """The secret of this computer's gradings, made when it is first needed."""
    file = ROOT / "autograder" / "work" / ".secret"
    with contextlib.suppress(OSError):
        return file.read_bytes()
    result = secrets.token_bytes(32)
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=file.parent, prefix=".secret-") as whole:  # nobody may read half a secret
            whole.write(result)
            whole.flush()
            with contextlib.suppress(FileExistsError):  # another worker was quicker: its secret is everybody's
                os.link(whole.name, file)
        return file.read_bytes()
    return result


REFUSALS = (
    "BlockingIOError",
    "ConnectionRefusedError",
    "FileNotFoundError",
    "MemoryError",
    "OSError",
    "OperationalError",
    "PermissionError",
    "ProcessLookupError",
    "RecursionError",
    "gaierror",
)
"""The errors with which a system says no. An honest cell may meet one, so they are told and nothing follows from them."""
MOST_INCIDENTS = 10


def _refusal(name: str, value: str) -> str:
    if name == "MemoryError":
        return "A cell needed more memory than a submission may have, and was ended there. The cells after it ran."
    if name == "RecursionError":
        return "A cell called itself without an end, and was ended there. The cells after it ran."
    return f"The system refused a cell something: {value[:200] or 'it did not say what'}."


def incidents(notebook: NotebookNode, session: Session) -> list[str]:
    """What a submission did that no submission should, a sentence each."""
    sentences = [f"{session.failure.sentence[0].upper()}{session.failure.sentence[1:]}."] if session.failure else []
    timeouts = sum(output.get("ename") == "CellTimeoutError" for cell in notebook.cells for output in cell.get("outputs", []))
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output.get("ename") in REFUSALS and len(sentences) < MOST_INCIDENTS:
                sentences.append(_refusal(output["ename"], str(output.get("evalue", ""))))
    if any(output.get("ename") == "StdinNotImplementedError" for cell in notebook.cells for output in cell.get("outputs", [])):
        sentences.append("A cell asks for input(). While a notebook is graded nobody can answer, so the cell ends there.")
    return sentences + ([f"{timeouts} cell{'s' if timeouts > 1 else ''} did not come to an end in time."] if timeouts else [])

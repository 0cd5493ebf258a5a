"""One submission, graded: plain data in, plain data out. Nothing here opens a gradebook or writes where grades are kept."""

from __future__ import annotations

import contextlib
import logging
import tempfile
import time
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec
import nbformat
from nbconvert.exporters import NotebookExporter
from traitlets.config import Config

from autograder import checks
from autograder.classroom.execute import ExecuteInSandbox
from autograder.classroom.preprocessors import CollectScores, KnownCells, KnownKernelspec, KnownSchema, RestoreMarks
from autograder.classroom.released import Release
from autograder.execution.orders import WorkerError
from autograder.judging.behaviours import Verdict
from autograder.learner.recognised import recognised
from autograder.notebooks import BadNotebook, grade_id, read_text
from autograder.sandbox.report import SandboxUnavailable


class Plan(msgspec.Struct, frozen=True, tag=True):
    """What is the same for every submission of a class."""

    release: Release
    sanitize: list[str]
    """nbgrader's preprocessors before the cells run, as `module.Class`."""
    autograde: list[str]
    """...and those that run them and save what came of it."""
    config: dict[str, Any]
    """The settings of those preprocessors, a dictionary a class."""


class Job(msgspec.Struct, frozen=True, tag=True):
    """A submission to be graded."""

    student: str
    notebooks: dict[str, bytes]
    """By name; those of the release only."""
    files: dict[str, bytes]
    """What else was handed in, by its path inside the submission."""


class Outcome(msgspec.Struct):
    """What came of a job."""

    student: str
    notebooks: dict[str, str] = {}
    """The graded notebooks."""
    scores: dict[str, dict[str, float | None]] = {}
    """By notebook and grade id."""
    comments: dict[str, dict[str, str | None]] = {}
    verdicts: dict[str, list[Verdict]] = {}
    incidents: list[str] = []
    """What the submission did that no submission should, a sentence each."""
    seconds: dict[str, float] = {}
    """Where the time went."""
    problem: str = ""
    """Why it could not be graded."""
    refused: str = ""
    """Why nobody's submission can be graded here."""


class ExecuteJob(ExecuteInSandbox):
    """Keeps the verdicts instead of writing them beside the notebook."""

    folder: Path | None = None

    def _report(self, about: dict[str, Any], folder: Path, verdicts: list[Verdict]) -> None:
        self.verdicts = verdicts

    def _folder(self, resources: Any) -> Path | None:
        return self.folder


REPLACED = {
    "OverwriteKernelspec": KnownKernelspec,
    "OverwriteCells": KnownCells,
    "CheckCellMetadata": KnownSchema,
    "ExecuteInSandbox": ExecuteJob,
    "SaveAutoGrades": CollectScores,
}
LEFT_OUT = ("AssignLatePenalties",)
"""What whoever keeps the gradebook does."""


class Grader:
    """Grades the submissions of one class, one after the other."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._config = Config(plan.config)
        self._exporter: Any = NotebookExporter(config=self._config)  # type: ignore[no-untyped-call]
        self._log = logging.getLogger("autograder.classroom.grader")
        self._log.addHandler(logging.NullHandler())
        self._log.propagate = False

    def grade(self, job: Job) -> Outcome:
        """Never raises because of the submission."""
        outcome = Outcome(job.student)
        start = time.perf_counter()
        try:
            with tempfile.TemporaryDirectory(prefix="submission-", ignore_cleanup_errors=True) as folder:
                brought = _unpack(job.files, Path(folder))
                for name, data in job.notebooks.items():
                    self._notebook(name, data, brought, outcome)
        except SandboxUnavailable as error:
            outcome.refused = str(error)
        except WorkerError as error:
            outcome.problem = str(error)
        except RecursionError:
            outcome.problem = "The notebook is nested too deeply to be read."
        except MemoryError:
            outcome.problem = "The notebook is too large for the memory there is."
        except Exception as error:
            self._log.warning("a submission could not be graded", exc_info=error)
            outcome.problem = "Something in the notebook has an unexpected type; restore the cells that came with it."
        outcome.seconds["all"] = time.perf_counter() - start
        return outcome

    def _notebook(self, name: str, data: bytes, folder: Path | None, outcome: Outcome) -> None:
        try:
            notebook = read_text(data)
        except BadNotebook as error:
            raise WorkerError(f"{name}.ipynb {error}") from None
        release = self._plan.release
        with contextlib.suppress(Exception):  # whatever is in its cells: grading says what is wrong with them
            outcome.incidents += _of_another(notebook, release, name)
        resources = {
            "unique_key": name,
            "nbgrader": {"student": outcome.student, "assignment": release.slug, "notebook": name, "db_url": ""},
            "metadata": {"name": name, "path": ""},
        }
        moments = [time.perf_counter()]
        sanitizing = [self._make(one) for one in self._plan.sanitize]
        text = self._convert(notebook, sanitizing, resources)
        moments.append(time.perf_counter())
        grading = [self._make(one) for one in self._plan.autograde if one.rpartition(".")[2] not in LEFT_OUT]
        for one in grading:
            if isinstance(one, ExecuteJob):
                one.folder = folder
        notebook = nbformat.reads(text, as_version=4)  # type: ignore[no-untyped-call]
        outcome.notebooks[name] = self._convert(notebook, grading, resources)
        moments.append(time.perf_counter())
        spent = 0.0
        for one in [*sanitizing, *grading]:
            if isinstance(one, RestoreMarks):
                outcome.incidents += one.notes
            elif isinstance(one, ExecuteJob):
                outcome.verdicts[name] = getattr(one, "verdicts", [])
                outcome.incidents += one.incidents
                spent = one.seconds
            elif isinstance(one, CollectScores):
                outcome.scores[name], outcome.comments[name] = one.scores, one.comments
        times = {"sanitize": moments[1] - moments[0], "cells and trials": spent, "score and write": moments[2] - moments[1] - spent}
        outcome.seconds = {key: outcome.seconds.get(key, 0.0) + value for key, value in times.items()}

    def _make(self, name: str) -> Any:
        module, _, kind = name.rpartition(".")
        factory: Any = REPLACED.get(kind) or getattr(import_module(module), kind)
        preprocessor = factory(config=self._config)
        preprocessor.log = self._log
        preprocessor.release = self._plan.release
        return preprocessor

    def _convert(self, notebook: Any, preprocessors: list[Any], resources: dict[str, Any]) -> str:
        self._exporter._preprocessors = preprocessors
        text: str
        text, _ = self._exporter.from_notebook_node(notebook, resources=resources)
        return text


def _of_another(notebook: Any, release: Release, name: str) -> list[str]:
    """What is to be said of a notebook that has no cell of this exercise, and those of another. Which one is asked of such a notebook only:
    the answer takes a while."""
    released = release.notebook(name)
    if released is None or release.slug not in checks.SLUGS:
        return []
    ours = {cell.name for cell in [*released.grade_cells, *released.solution_cells]}
    if ours & {grade_id(cell) for cell in notebook.cells}:
        return []
    other = recognised(notebook)
    if other in (None, release.slug):
        return []
    return [f"It has the cells of {other}, and was handed in as {release.slug}: put it into a folder {other}, and grade that."]


def _unpack(files: dict[str, bytes], folder: Path) -> Path | None:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder if files else None


def _short(error: Exception) -> str:
    lines = [line for line in str(error).strip().splitlines() if line.strip()] or [type(error).__name__]
    return lines[0][:300]

"""One notebook, judged in each of the ways there are: what `check` says in its kernel, and what judges its file."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from autograder.classroom.assignment import Classroom
from autograder.classroom.grader import Grader, Job
from autograder.classroom.nbgrader_steps import nbgrader_api, ready
from autograder.execution.client import WorkerClient
from autograder.learner import progress, watch
from autograder.learner.watch import check_now
from autograder.notebooks import grade_id

KERNEL = """
import contextlib, io, json, os, sys
from IPython.core.interactiveshell import InteractiveShell
import autograder.learner.check
from autograder import checks
from autograder.notebooks import answer_in
from threadlab.trials.guest import ambient
checks.find(sys.argv[1])
for line in sys.stdin:
    if os.fork():
        os.wait()
        continue
    real = os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nowhere, number)
    sys.stdin, sys.stdout, sys.stderr = open(os.devnull), io.StringIO(), io.StringIO()
    ambient.start()
    shell = InteractiveShell.instance()
    found, before, again = {}, [], []
    def run(name, source):
        result = shell.run_cell(source, store_history=True).result
        if name.startswith("check_"):
            found[name] = result if isinstance(result, float) else None
    for name, source in json.loads(line):
        if name.startswith("check_") and not answer_in(before, name.removeprefix("check_")).sources:
            again.append((name, source))
        run(name, source)
        before.append(source)
    for cell in again:
        run(*cell)
    os.write(real, json.dumps(found).encode() + b"\\n")
    os._exit(0)
"""


class Judges:
    """Each way to judge a notebook of one exercise; every method returns points."""

    def __init__(self, slug: str, course: Path, client: WorkerClient) -> None:
        self.slug, self.client = slug, client
        words = [sys.executable, "-c", KERNEL, slug]
        self._kernel = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        folders = {f"{name}_directory": str(course / name) for name in ("submitted", "autograded", "release")}
        url = f"sqlite:///{course / 'gradebook.db'}"
        ready(slug, db_url=url, release_directory=folders["release_directory"])
        self.api = nbgrader_api(True, db_url=url, **folders)
        self.room = Classroom(slug, self.api)
        self.grader = Grader(self.room.plan)
        self.points = self.room.release.max_score

    def close(self) -> None:
        with self._kernel:
            self._kernel.kill()

    def in_its_kernel(self, notebook: NotebookNode) -> dict[str, float | None]:
        """What each check cell returned when it ran last, all cells having been run from top to bottom.

        A check with no answer above it says that there is none, so it is run again when the cells below it have run, as grading does.
        """
        assert self._kernel.stdin is not None
        assert self._kernel.stdout is not None
        cells = [(grade_id(cell), cell.source) for cell in notebook.cells if cell.cell_type == "code"]
        self._kernel.stdin.write(json.dumps(cells) + "\n")
        self._kernel.stdin.flush()
        found: dict[str, float | None] = json.loads(self._kernel.stdout.readline())
        return found

    def by_check(self, path: Path) -> float:
        return sum(verdict.earned for verdict in check_now(self.client, self.slug, path).verdicts)

    def by_watch(self, path: Path) -> float:
        said: list[str] = []
        there = (path.parent / "progress.json",)
        kept = {function: function.__defaults__ for function in (progress.load, progress.save, progress.note)}
        for function in kept:
            function.__defaults__ = there
        watch.released = lambda slug: path
        try:
            watch.Watch(self.client, self.slug, said.append).check()
        finally:
            watch.released = progress.released
            for function, defaults in kept.items():
                function.__defaults__ = defaults
        return float(said[-2].split(": ")[1].split(" of ")[0])

    def by_grade(self, path: Path) -> float:
        outcome = self.grader.grade(Job("ada", {self.slug: path.read_bytes()}, {}))
        assert not outcome.problem, outcome.problem
        return sum(score or 0.0 for scores in outcome.scores.values() for score in scores.values())

    def by_autograde(self, path: Path) -> float:
        folder = Path(self.api.coursedir.format_path(self.api.coursedir.submitted_directory, "ada", self.slug))
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{self.slug}.ipynb").write_bytes(path.read_bytes())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # nbformat warns of cells without ids
            done = self.api.autograde(self.slug, "ada", force=True, create=True)
        assert done["success"], done["log"]
        with self.api.gradebook as gradebook:
            return float(gradebook.find_submission(self.slug, "ada").score)

    def passes_validate(self, path: Path) -> bool:
        from nbgrader.validator import Validator

        with redirect_stdout(io.StringIO()):
            return not Validator(config=self.api.config).validate(str(path))


@contextmanager
def judges(slug: str) -> Iterator[Judges]:
    with tempfile.TemporaryDirectory() as folder, WorkerClient(trust=True) as client:
        made = Judges(slug, Path(folder), client)
        try:
            yield made
        finally:
            made.close()


def disagreements(ways: Judges, notebook: Any, folder: Path, kernel: bool = True) -> dict[str, object]:
    """What each way says, if they do not all say the same; empty if they do. `kernel`: the notebook has all that `check` needs to run."""
    path = folder / f"{ways.slug}.ipynb"
    path.write_text(json.dumps(notebook), encoding="utf-8")
    said: dict[str, object] = {
        "check": ways.by_check(path),
        "watch": ways.by_watch(path),
        "grade": ways.by_grade(path),
        "autograde": ways.by_autograde(path),
    }
    agreed = said["check"]
    found = {name: points for name, points in said.items() if points != agreed}
    if ways.passes_validate(path) != (agreed == ways.points):
        found["validate"] = "passes" if agreed != ways.points else "fails"
    if kernel:
        inside = ways.in_its_kernel(notebook)
        if sum(one or 0.0 for one in inside.values()) != agreed:
            found["kernel"] = inside
    return {"check": agreed, **found} if found else {}

"""nbgrader's steps for a class, in this process: release, grade, feedback, and the table of what came of it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from autograder.behaviours import Verdict
from autograder.notebooks import ROOT, BadNotebook
from threadlab.errors import ThreadlabError

CONFIG = ROOT / "autograder"


class Graded(msgspec.Struct, frozen=True):
    """One student's result."""

    student: str
    score: float
    max: float
    lost: list[str]
    problem: str = ""


def nbgrader_api(trust: bool = False) -> Any:
    """nbgrader's own Python interface with the course's configuration."""
    os.environ["PATH"] = str(Path(sys.executable).parent) + os.pathsep + os.environ.get("PATH", "")
    from nbgrader.apps import NbGraderAPI
    from traitlets.config import Config
    from traitlets.config.loader import PyFileConfigLoader

    config = PyFileConfigLoader("nbgrader_config.py", path=str(CONFIG)).load_config()
    config.merge(Config({"ExecuteInSandbox": {"trust_submissions": trust}}))
    return NbGraderAPI(config=config)


def release(slug: str, api: Any) -> None:
    """Make (again) the learners' notebook from the solution, and its rows in the gradebook. Raises ThreadlabError."""
    outcome = api.generate_assignment(slug, force=True, create=True)
    if not outcome["success"]:
        raise ThreadlabError(f"nbgrader could not generate {slug}:\n{_end_of(outcome)}")


def ready(slug: str, api: Any) -> None:
    """The gradebook must know the assignment before anything is graded; a fresh clone has no gradebook."""
    from nbgrader.api import MissingEntry

    try:
        with api.gradebook as gradebook:
            if gradebook.find_assignment(slug).notebooks:
                return
    except MissingEntry:
        pass
    release(slug, api)


def grade(slug: str, api: Any, students: list[str] | None = None, force: bool = True) -> Iterator[Graded]:
    """Grade every submission of an exercise, one student after the other; each one's failure is that student's alone."""
    names = sorted(students or api.get_submitted_students(slug))
    if not names:
        folder = ROOT / "autograder" / "work" / "submitted"
        raise BadNotebook(f"Nobody has handed in {slug}: submissions belong in {folder}/<student>/{slug}/{slug}.ipynb.")
    for name in names:
        outcome = api.autograde(slug, name, force=force, create=True)
        yield _result(slug, name, api, "" if outcome["success"] else _end_of(outcome))


def _result(slug: str, student: str, api: Any, problem: str) -> Graded:
    from nbgrader.api import MissingEntry

    lost: list[str] = []
    for path in sorted((ROOT / "autograder" / "work" / "autograded" / student / slug).glob("*.verdicts.json")):
        lost += [name for verdict in msgspec.json.decode(path.read_bytes(), type=list[Verdict]) for name in verdict.lost]
    with api.gradebook as gradebook:
        try:
            submission = gradebook.find_submission(slug, student)
            score, most = submission.score, submission.max_score
        except MissingEntry:
            score, most = 0.0, gradebook.find_assignment(slug).max_score
    return Graded(student, score, most, lost, problem)


def feedback(slug: str, api: Any) -> None:
    """nbgrader's feedback pages for everybody who was graded."""
    for student in sorted(api.get_autograded_students(slug)):
        api.generate_feedback(slug, student, force=True)


def _end_of(outcome: Any) -> str:
    lines = [line for line in (outcome.get("log") or outcome.get("error") or "").strip().splitlines() if line.strip()]
    return "\n".join(lines[-6:])

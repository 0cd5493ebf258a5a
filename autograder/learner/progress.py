"""How far a learner has come: kept in one small file beside the course, never in git."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from autograder import checks
from autograder.course_folder import ROOT
from autograder.notebooks import is_solution, read, released

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from courseware import Progress

FILE = Path(
    os.environ.get("THREADS_PROGRESS") or ROOT / (".threads/progress.json" if sys.platform == "emscripten" else "autograder/.progress.json")
)
"""What this learner has passed. The environment may name another file: one course, several learners."""


class Standing(msgspec.Struct):
    """One exercise, as far as this learner has come with it."""

    best: int = 0
    points: int = 0
    hints: int = 0
    """How many hints have been read."""
    parts: dict[str, int] = {}
    """The best result of each part: in a notebook they are checked one by one."""
    passed_on: str = ""
    """The day of the first full marks, in UTC."""

    @property
    def passed(self) -> bool:
        return self.points > 0 and self.best >= self.points

    def reached(self, best: int, points: int) -> None:
        """Remember a result, and the day if it is the first with full marks."""
        self.best, self.points = max(self.best, best), points
        if self.passed and not self.passed_on:
            self.passed_on = f"{datetime.now(UTC):%Y-%m-%d}"


def load(file: Path = FILE) -> dict[str, Standing]:
    """What is known so far; nothing when there is no file, or one that cannot be read."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=dict[str, Standing])
    except (OSError, msgspec.MsgspecError):
        return {}


def save(standings: dict[str, Standing], file: Path = FILE) -> None:
    """Write it so that a crash in the middle leaves the old file. Raises OSError where nothing can be written."""
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_suffix(".new")
    new.write_bytes(msgspec.json.format(msgspec.json.encode(standings)))
    os.replace(new, file)


def note(slug: str, earned: int, points: int, file: Path = FILE) -> Standing:
    """Remember the best result. A folder that cannot be written only means that nothing is remembered."""
    standings = load(file)
    standing = standings.setdefault(slug, Standing())
    standing.reached(earned, points)
    with contextlib.suppress(OSError):
        save(standings, file)
    return standing


def note_parts(slug: str, earned: Mapping[str, int], points: int, file: Path = FILE) -> Standing:
    """Remember the best result of each part that was checked."""
    standings = load(file)
    standing = standings.setdefault(slug, Standing())
    for name, one in earned.items():
        standing.parts[name] = max(standing.parts.get(name, 0), one)
    standing.reached(sum(standing.parts.values()), points)
    with contextlib.suppress(OSError):
        save(standings, file)
    return standing


def shown(lesson: str = "") -> Progress:
    """The whole course as a widget, for the head of a lesson."""
    from courseware import Progress

    return Progress(FILE, here=lesson)


def touched(notebook: NotebookNode) -> bool:
    """Whether any answer cell differs from the blank that was handed out (nbgrader keeps the blank's checksum in the cell)."""
    from nbgrader.utils import compute_checksum

    return any(
        is_solution(cell) and cell.metadata.nbgrader.get("checksum") not in (None, compute_checksum(cell)) for cell in notebook.cells
    )


def begun() -> list[str]:
    """The exercises whose answers have been touched, in the order of the course."""
    return [slug for slug in checks.SLUGS if released(slug).exists() and touched(read(released(slug)))]


def overview() -> str:
    """The whole course, a line an exercise."""
    standings = load()
    lines = []
    for number, slug in enumerate(checks.SLUGS, 1):
        standing = standings.get(slug, Standing())
        state = "done" if standing.passed else f"{standing.best} of {standing.points} points" if standing.points else "not begun"
        lines.append(f"{number:>2}. {slug:<22} {state}")
    done = sum(1 for slug in checks.SLUGS if standings.get(slug, Standing()).passed)
    return "\n".join([*lines, f"{done} of {len(checks.SLUGS)} exercises done."])

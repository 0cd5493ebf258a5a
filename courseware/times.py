"""How long a lesson or an exercise takes: measured on its notebook, by the same rule for all.

Read at 170 words a minute (technical prose in a second language), with code at 14 lines a minute; 1.5 minutes for a prediction with its
feedback, 2 for a picture that is explored, 8 for the small task in each lesson; and the time its cells run. An exercise: its statement is
read, each line of the solution takes a minute and a half to find and to write, and 5 minutes go to checks and hints. Rounded to five.

    python -m courseware.times        what the rule says, lesson by lesson, exercise by exercise
"""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

import nbformat

from courseware import catalogue

ROOT = Path(__file__).resolve().parents[1]
WORDS, LINES = 170.0, 14.0
"""Read in a minute."""
PREDICTION, PICTURE, TASK, CELLS = 1.5, 2.0, 8.0, 0.5
"""Minutes each; CELLS for all cells of a lesson: they run for 10 to 40 seconds."""
SOLUTION_LINE, CHECKS = 1.5, 5.0

_PICTURES = re.compile(r"^(?:ThreadView|Race|Polls|RunLife|CostMeter|FaultKnobs|Timeline|Stepper)\(", re.M)
_SOLUTION = re.compile(r"### BEGIN SOLUTION\n(.*?)### END SOLUTION", re.S)


def sections(path: Path) -> dict[str, float]:
    """The minutes of a lesson, by its headings of the second level; what stands above the first one is under ''."""
    result, heading = {"": CELLS}, ""
    for cell in _cells(path):
        if cell.cell_type == "markdown" and (heads := re.findall(r"^## (.+)$", cell.source, re.M)):
            heading = heads[-1]
        result[heading] = result.get(heading, 0.0) + _minutes(cell)
        if cell.cell_type == "markdown" and "## A smaller one to " in cell.source:
            result[heading] += TASK
    return result


def lesson(path: Path, without: Collection[str] = ()) -> int:
    """The minutes of a lesson, rounded to five; `without` names headings that are left out. Raises KeyError for one that there is not."""
    minutes = sections(path)
    return _rounded(sum(minutes.values()) - sum(minutes[heading] for heading in without))


def exercise(path: Path) -> int:
    """The minutes of an exercise, from the notebook with its solution."""
    cells = _cells(path)
    solution = "\n".join(part for cell in cells if cell.cell_type == "code" for part in _SOLUTION.findall(cell.source))
    reading = sum(_minutes(cell) for cell in cells if not _SOLUTION.search(cell.source))
    return _rounded(reading + _lines(solution) * SOLUTION_LINE + CHECKS)


def _minutes(cell: Any) -> float:
    if cell.cell_type == "markdown":
        words = re.sub(r"<[^>]+>|\]\([^)]*\)|^[|:\- ]+$", " ", cell.source, flags=re.M)
        return len(re.findall(r"[\w'’]+", words)) / WORDS
    source: str = cell.source
    return _lines(source) / LINES + PREDICTION * source.count('predict("') + PICTURE * len(_PICTURES.findall(source))


def _lines(source: str) -> int:
    return sum(1 for line in source.splitlines() if line.strip() and not line.strip().startswith("#"))


def _cells(path: Path) -> list[Any]:
    notebook: Any = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    return list(notebook.cells)


def _rounded(minutes: float) -> int:
    return max(5, 5 * round(minutes / 5))


def lesson_notebook(name: str) -> Path:
    return ROOT / "lessons" / f"{name}.ipynb"


def solution_notebook(slug: str) -> Path:
    return ROOT / "solutions" / slug / f"{slug}.ipynb"


def main() -> None:
    for each in catalogue.LESSONS:
        print(f"{each.name:<32} {lesson(lesson_notebook(each.name)):>4}   in the catalogue: {each.minutes}")
        for one in each.exercises:
            print(f"    {one.slug:<28} {exercise(solution_notebook(one.slug)):>4}   in the catalogue: {one.minutes}")
        for heading, minutes in sections(lesson_notebook(each.name)).items():
            print(f"        {minutes:5.1f}  {heading}")


if __name__ == "__main__":
    main()

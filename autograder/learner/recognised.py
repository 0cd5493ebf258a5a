"""Which exercise a notebook is of, whatever its file is called."""

from __future__ import annotations

from functools import cache

from nbformat import NotebookNode

from autograder import checks
from autograder.notebooks import CHECK, grade_id


@cache
def parts_of_exercises() -> dict[str, frozenset[str]]:
    """The names of every exercise's parts. To ask the first time takes a while."""
    return {slug: frozenset(part.name for part in checks.find(slug).parts) for slug in checks.SLUGS}


def recognised(notebook: NotebookNode, stem: str = "") -> str | None:
    """The exercise of the course whose cells the notebook has; None if it is none. A notebook says by itself what it answers: its cells
    bear the names of the exercise's parts. Where two exercises have them, the one that its file is named after is meant."""
    every = frozenset().union(*parts_of_exercises().values())
    there = {grade_id(cell).removeprefix(CHECK) for cell in notebook.cells} & every
    alike = {slug: len(there & parts) / len(there | parts) for slug, parts in parts_of_exercises().items()}
    best = max(alike.values())
    candidates = [slug for slug, one in alike.items() if one == best and one > 0]
    return stem if stem in candidates else candidates[0] if len(candidates) == 1 else None


def of_file(notebook: NotebookNode, stem: str) -> str | None:
    """The same of a file called `stem`. With no named cell left, its name decides: what is missing is put back by that."""
    return recognised(notebook, stem) or (stem if stem in checks.SLUGS else None)

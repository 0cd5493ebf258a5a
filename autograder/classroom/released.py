"""What the gradebook knows of an assignment, read once and then plain data: it travels to the processes that grade."""

from __future__ import annotations

import hashlib
from datetime import datetime
from functools import lru_cache
from typing import Any

import msgspec

from autograder.judging.prepared import MarkedCell, ReleasedNotebook, SourceCell
from threadlab.errors import ThreadlabError


class NotReleased(ThreadlabError):
    """The gradebook does not know the assignment."""


class Release(msgspec.Struct, frozen=True):
    """An assignment."""

    id: str
    slug: str
    duedate: datetime | None
    notebooks: list[ReleasedNotebook]

    def notebook(self, name: str) -> ReleasedNotebook | None:
        return next((one for one in self.notebooks if one.name == name), None)

    @property
    def max_score(self) -> float:
        return sum(cell.max_score for one in self.notebooks for cell in [*one.grade_cells, *one.task_cells])

    def digest(self) -> str:
        """The same for the same release, whatever else is in the gradebook."""
        return hashlib.sha256(msgspec.json.encode(self)).hexdigest()


@lru_cache(maxsize=4)
def engine_for(db_url: str) -> Any:
    """One SQLAlchemy engine for a gradebook: what it has learned of the statements is most of what they cost."""
    from sqlalchemy import create_engine

    return create_engine(db_url, future=True)


def read_release(db_url: str, slug: str) -> Release:
    """Raises NotReleased."""
    from nbgrader.api import Assignment
    from sqlalchemy import select
    from sqlalchemy.exc import DatabaseError
    from sqlalchemy.orm import Session

    with Session(engine_for(db_url)) as session:
        try:
            assignment = session.scalars(select(Assignment).where(Assignment.name == slug)).one_or_none()
        except DatabaseError:  # an empty database has no tables
            assignment = None
        if assignment is None:
            raise NotReleased(
                f"The gradebook does not know {slug}: nobody was graded yet. `python3 course.py grade {slug}` enters and grades it; "
                f"`nbgrader generate_assignment {slug}` only enters it."
            )
        return Release(assignment.id, slug, assignment.duedate, [_notebook(one) for one in assignment.notebooks])


def _notebook(one: Any) -> ReleasedNotebook:
    cells = [SourceCell(cell.name, cell.cell_type, bool(cell.locked), cell.source or "", cell.checksum) for cell in one.source_cells]
    graded = [MarkedCell(cell.id, cell.name, cell.max_score) for cell in one.grade_cells]
    tasks = [MarkedCell(cell.id, cell.name, cell.max_score) for cell in one.task_cells]
    return ReleasedNotebook(
        one.id, one.name, one.kernelspec, cells, graded, [MarkedCell(cell.id, cell.name) for cell in one.solution_cells], tasks
    )

"""Writes what came of submissions into nbgrader's gradebook: the rows that `nbgrader autograde` writes, in one transaction.

So a submission is in the gradebook as a whole or not at all, whenever this process is ended. Several share a transaction where several are
ready: to wait for the disk takes longer than all else.
"""

from __future__ import annotations

import traceback
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.engine import Connection

from autograder.classroom.grader import Outcome
from autograder.classroom.released import Release, engine_for
from autograder.judging.prepared import ReleasedNotebook
from threadlab.errors import ThreadlabError


def _tables() -> Mapping[str, Any]:
    from nbgrader.api import Base

    tables: Mapping[str, Any] = Base.metadata.tables
    return tables


class BrokenPlugin(ThreadlabError):
    """The teacher's late-penalty plugin raised something."""


def where_it_failed(error: Exception) -> str:
    """The file and line of an error, or nothing."""
    if isinstance(error.__cause__ or error.__context__, SyntaxError):
        error = error.__cause__ or error.__context__  # type: ignore[assignment]
    if isinstance(error, SyntaxError):
        return f"{error.filename}, line {error.lineno}: "
    frames = traceback.extract_tb(error.__traceback__)
    return f"{frames[-1].filename}, line {frames[-1].lineno}: " if frames and "site-packages" not in frames[-1].filename else ""


class Writer:
    """Writes for one assignment. `late` is nbgrader's plug-in that says what a late submission costs."""

    def __init__(self, db_url: str, release: Release, late: Any = None) -> None:
        self._engine = engine_for(db_url)
        self._release = release
        self._late = late
        self.penalties: dict[str, float] = {}
        """What has been taken off for being late, by student, of what this one has written."""
        tables = _tables()
        self._student, self._submission, self._notebook = tables["student"], tables["submitted_assignment"], tables["submitted_notebook"]
        self._grade, self._comment = tables["grade"], tables["comment"]
        grade, comment = self._grade.c, self._comment.c
        self._set_score = (
            self._grade.update()
            .where(grade.id == bindparam("row"))
            .values(auto_score=bindparam("score"), needs_manual_grade=bindparam("by_hand"))
        )
        here = (comment.notebook_id == bindparam("notebook")) & (comment.cell_id == bindparam("cell"))
        self._set_comment = self._comment.update().where(here).values(auto_comment=bindparam("text"))

    def extensions(self) -> dict[str, str]:
        """Who has longer than the due date, and how much."""
        mine = self._submission.c.assignment_id == self._release.id
        with self._engine.connect() as tx:
            query = select(self._submission.c.student_id, self._submission.c.extension).where(mine)
            return {student: str(extension) for student, extension in tx.execute(query) if extension}

    def notebooks(self) -> dict[str, str]:
        """Each student's submission of the first notebook, by nbgrader's id of it."""
        here = (self._submission.c.assignment_id == self._release.id) & (self._notebook.c.notebook_id == self._release.notebooks[0].id)
        joined = self._notebook.join(self._submission, self._notebook.c.assignment_id == self._submission.c.id)
        with self._engine.connect() as tx:
            records = tx.execute(select(self._submission.c.student_id, self._notebook.c.id).select_from(joined).where(here))
            return {row[0]: row[1] for row in records}

    def scores(self) -> dict[str, float]:
        """Everybody's score, late penalties taken off, as nbgrader's export has it."""
        from nbgrader.api import SubmittedAssignment
        from sqlalchemy.orm import Session

        with Session(self._engine) as session:
            query = select(SubmittedAssignment.student_id, SubmittedAssignment.score, SubmittedAssignment.late_submission_penalty).where(
                SubmittedAssignment.assignment_id == self._release.id
            )
            return {student: max(0.0, score - (penalty or 0.0)) for student, score, penalty in session.execute(query)}

    def write(self, outcomes: Sequence[tuple[Outcome, datetime | None]]) -> list[float]:
        """Returns the scores. With each outcome, when it was handed in, in UTC; None leaves what the gradebook has."""
        with self._engine.begin() as tx:
            return [self._write(tx, outcome, timestamp) for outcome, timestamp in outcomes]

    def _write(self, tx: Connection, outcome: Outcome, timestamp: datetime | None) -> float:
        submission, late = self._submit(tx, outcome.student, timestamp)
        return sum(self._write_notebook(tx, submission, late, released, outcome) for released in self._release.notebooks)

    def _submit(self, tx: Connection, student: str, timestamp: datetime | None) -> tuple[str, datetime | None]:
        """The submission's row, made if need be with a row for each of its cells; and how many seconds late it is."""
        if tx.execute(select(self._student.c.id).where(self._student.c.id == student)).first() is None:
            tx.execute(self._student.insert().values(id=student))
        mine = (self._submission.c.assignment_id == self._release.id) & (self._submission.c.student_id == student)
        record = tx.execute(select(self._submission.c.id, self._submission.c.timestamp, self._submission.c.extension).where(mine)).first()
        if record is None:
            values = {"assignment_id": self._release.id, "student_id": student, "timestamp": timestamp}
            submission_id: str = tx.execute(self._submission.insert().values(**values)).inserted_primary_key[0]  # type: ignore[index]
            for released in self._release.notebooks:
                self._mirror(tx, submission_id, released)
            return submission_id, _late(timestamp, self._release.duedate, None)
        if timestamp is not None:
            tx.execute(self._submission.update().where(self._submission.c.id == record.id).values(timestamp=timestamp))
        return record.id, _late(timestamp or record.timestamp, self._release.duedate, record.extension)

    def _mirror(self, tx: Connection, submission: str, released: ReleasedNotebook) -> None:
        values = {"assignment_id": submission, "notebook_id": released.id}
        notebook = tx.execute(self._notebook.insert().values(**values)).inserted_primary_key[0]  # type: ignore[index]
        for table, cells in ((self._grade, released.grade_cells), (self._comment, released.solution_cells)):
            if rows := [{"cell_id": cell.id, "notebook_id": notebook} for cell in [*cells, *released.task_cells]]:
                tx.execute(table.insert(), rows)

    def _write_notebook(self, tx: Connection, submission: str, late: Any, released: ReleasedNotebook, outcome: Outcome) -> float:
        mine = (self._notebook.c.assignment_id == submission) & (self._notebook.c.notebook_id == released.id)
        notebook = tx.execute(select(self._notebook.c.id).where(mine)).scalar_one()
        if released.name in outcome.scores:
            scores, comments = outcome.scores[released.name], outcome.comments[released.name]
        elif outcome.problem:  # it keeps what it has, as in nbgrader
            scores, comments = {}, {}
        else:  # not handed in
            scores, comments = {cell.name: 0.0 for cell in [*released.grade_cells, *released.task_cells]}, {}
        total, changes = 0.0, list[dict[str, Any]]()
        grades = {row.cell_id: row for row in tx.execute(select(self._grade).where(self._grade.c.notebook_id == notebook))}
        for cell in [*released.grade_cells, *released.task_cells]:
            row = grades[cell.id]
            score = row.auto_score
            if cell.name in scores:
                score = scores[cell.name]
                by_hand = released.name in outcome.scores and (row.manual_score is not None or score is None)
                changes.append({"row": row.id, "score": score, "by_hand": by_hand})
            if row.manual_score is not None or score is not None:
                total += (row.manual_score if row.manual_score is not None else score) + (row.extra_credit or 0.0)
        if changes:
            tx.execute(self._set_score, changes)
        commented = [cell for cell in [*released.solution_cells, *released.task_cells] if cell.name in comments]
        if commented:
            tx.execute(self._set_comment, [{"notebook": notebook, "cell": cell.id, "text": comments[cell.name]} for cell in commented])
        penalty = self._penalty(outcome.student, total, late) if released.name in outcome.scores else None
        if released.name in outcome.scores:
            self.penalties[outcome.student] = penalty or 0.0
            tx.execute(self._notebook.update().where(self._notebook.c.id == notebook).values(late_submission_penalty=penalty))
        return total - (penalty or 0.0)

    def _penalty(self, student: str, score: float, late: float) -> float | None:
        if late <= 0 or self._late is None:
            return None
        try:
            penalty = self._late.late_submission_penalty(student, score, late)
            return None if penalty is None else min(max(0.0, float(penalty)), score)
        except Exception as error:
            raise BrokenPlugin(f"The late-penalty plugin fails: {where_it_failed(error)}{type(error).__name__}: {error}") from None


def _late(timestamp: datetime | None, due: datetime | None, extension: Any) -> Any:
    """Seconds after the due date."""
    if timestamp is None or due is None:
        return 0.0
    return max(0.0, (timestamp - (due + extension if extension is not None else due)).total_seconds())

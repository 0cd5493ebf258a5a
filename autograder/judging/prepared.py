"""What a notebook looks like before it is judged: the one place that decides which of its cells count, and says what it did.

`check`, `watch`, `grade`, `nbgrader autograde` and `nbgrader validate` all come through here, so that they judge the same cells. Every cell
that was handed out gets its marks (what it is worth, whether it is graded) and, if it is locked, its text back; those that are missing
are put back; of several cells with one name, one counts.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec

from autograder.course_folder import ROOT
from autograder.notebooks import defines, looked_at, read, released, solution

if TYPE_CHECKING:
    from nbformat import NotebookNode

SCHEMA = 3
"""Of nbgrader's marks."""


class SourceCell(msgspec.Struct, frozen=True):
    """A cell as it was handed out."""

    name: str
    cell_type: str
    locked: bool
    source: str
    checksum: str | None


class MarkedCell(msgspec.Struct, frozen=True):
    """A cell that is graded, or in which something is to be written."""

    id: str
    name: str
    max_score: float = 0.0


class ReleasedNotebook(msgspec.Struct, frozen=True):
    """One notebook of an assignment. The field names are those of nbgrader's own class."""

    id: str
    name: str
    kernelspec: str | None
    source_cells: list[SourceCell]
    grade_cells: list[MarkedCell]
    solution_cells: list[MarkedCell]
    task_cells: list[MarkedCell]

    def source_cell(self, name: str) -> SourceCell | None:
        return next((cell for cell in self.source_cells if cell.name == name), None)

    def graded(self, name: str) -> MarkedCell | None:
        return next((cell for cell in [*self.grade_cells, *self.task_cells] if cell.name == name), None)

    def has_task(self, name: str) -> bool:
        return any(cell.name == name for cell in self.task_cells)

    def has_solution(self, name: str) -> bool:
        return any(cell.name == name for cell in self.solution_cells)

    def marks(self, source: SourceCell) -> dict[str, Any]:
        """nbgrader's marks of a cell, as far as they decide how it is treated."""
        grade = any(cell.name == source.name for cell in self.grade_cells)
        marks: dict[str, Any] = {"grade": grade, "solution": self.has_solution(source.name), "task": self.has_task(source.name)}
        marks |= {"locked": source.locked, "schema_version": SCHEMA}
        graded = self.graded(source.name)
        return marks if graded is None else {**marks, "points": graded.max_score}


@cache
def handed_out(slug: str) -> ReleasedNotebook:
    """An exercise of the course as it was handed out, without asking a gradebook: from the blanks, or from the solution."""
    blank = ROOT / "autograder" / "blanks" / f"{slug}.ipynb"
    return described(next((read(path) for path in (blank, solution(slug)) if path.exists()), None) or read(released(slug)), slug)


def described(notebook: NotebookNode, name: str) -> ReleasedNotebook:
    """A notebook's marked cells."""
    marked = [(cell, cell.metadata["nbgrader"]) for cell in notebook.cells if isinstance(cell.metadata.get("nbgrader"), dict)]
    marked = [(cell, marks) for cell, marks in marked if isinstance(marks.get("grade_id"), str)]
    return ReleasedNotebook(
        "",
        name,
        None,
        [
            SourceCell(marks.grade_id, cell.cell_type, bool(marks.get("locked")), cell.source, marks.get("checksum"))
            for cell, marks in marked
        ],
        [MarkedCell("", marks.grade_id, float(marks.get("points", 0.0))) for _, marks in marked if marks.get("grade")],
        [MarkedCell("", marks.grade_id) for _, marks in marked if marks.get("solution")],
        [MarkedCell("", marks.grade_id, float(marks.get("points", 0.0))) for _, marks in marked if marks.get("task")],
    )


def prepare(notebook: NotebookNode, known: ReleasedNotebook) -> list[str]:
    """Make a notebook fit to be judged, in place; returns what was done, a sentence each."""
    notes: list[str] = []
    _drop_ids(notebook)
    _choose(notebook, known, notes)
    for cell in notebook.cells:
        if "nbgrader" in cell.metadata:
            _restore(cell, known, notes)
    _put_back(notebook, known, notes)
    return notes


def _drop_ids(notebook: NotebookNode) -> None:
    """Cells have ids from nbformat 4.5 on, and may not have them before."""
    if (notebook.nbformat, notebook.nbformat_minor) < (4, 5):
        for cell in notebook.cells:
            cell.pop("id", None)


def _name(cell: NotebookNode) -> str | None:
    marks = cell.metadata.get("nbgrader")
    name = marks.get("grade_id") if isinstance(marks, dict) else None
    return name if isinstance(name, str) else None


def _choose(notebook: NotebookNode, known: ReleasedNotebook, notes: list[str]) -> None:
    """Leave each name to one cell, and take the marks from all others."""
    twins: dict[str, list[NotebookNode]] = {}
    for cell in notebook.cells:
        marks, name = cell.metadata.get("nbgrader"), _name(cell)
        if name is not None and known.source_cell(name) is not None:
            twins.setdefault(name, []).append(cell)
        elif "nbgrader" in cell.metadata:
            if isinstance(marks, dict) and (marks.get("grade") or marks.get("solution")):
                notes.append(f"A cell had marks of its own, as {str(name)[:60]!r}; there is no such cell in the release.")
            del cell.metadata["nbgrader"]
    for name, cells in twins.items():
        if len(cells) == 1:
            continue
        counting, which = _counts(cells, name, known)
        for cell in cells:
            if cell is not counting:
                del cell.metadata["nbgrader"]
        many = {2: "Two"}.get(len(cells), str(len(cells)))
        notes.append(f"{many} cells are named {name}: {which}")


def _counts(cells: Sequence[NotebookNode], name: str, known: ReleasedNotebook) -> tuple[NotebookNode, str]:
    if known.has_solution(name):
        code = [cell for cell in cells if cell.cell_type == "code"]
        texts = looked_at([cell.source for cell in code])
        defining = [cell for cell, text in zip(code, texts, strict=True) if defines(text, name)]
        if defining:
            return defining[-1], f"all of them run, and the last one that defines {name} counts."
        return (code or cells)[-1], "the last one counts."
    return cells[-1], "the last one counts."


def _restore(cell: NotebookNode, known: ReleasedNotebook, notes: list[str]) -> None:
    source = known.source_cell(cell.metadata["nbgrader"]["grade_id"])
    assert source is not None
    marks = cell.metadata["nbgrader"]
    expected = known.marks(source)
    wrong = sorted(name for name, value in expected.items() if marks.get(name, False) != value)
    if wrong:
        notes.append(f"The marks of the cell {source.name!r} had been changed ({', '.join(wrong)}); they were put back.")
    marks.update(expected)
    if cell.cell_type != source.cell_type and source.cell_type in ("code", "markdown"):
        _retype(cell, source, notes)
    if source.locked and cell.source != source.source:
        cell.source = source.source
        notes.append(f"The text of the cell {source.name!r}, which is locked, had been changed; it was put back.")


def _retype(cell: NotebookNode, source: SourceCell, notes: list[str]) -> None:
    was = cell.cell_type
    cell.cell_type = source.cell_type
    if source.cell_type == "code":
        cell.outputs, cell.execution_count = [], None
        cell.pop("attachments", None)
    else:
        cell.pop("outputs", None)
        cell.pop("execution_count", None)
    if source.locked or source.cell_type != "code":
        notes.append(f"The cell {source.name!r} had been made a {was} cell; it was made a {source.cell_type} cell again.")
        return
    # A cell that is no code does not run for the learner either.
    cell.source = "\n".join(f"# {line}" for line in [f"This was a {was} cell, so it counts as not answered.", *cell.source.splitlines()])
    notes.append(f"The answer {source.name} is in a {was} cell, which does not run: it counts as not answered. Make it a code cell again.")


def _put_back(notebook: NotebookNode, known: ReleasedNotebook, notes: list[str]) -> None:
    """Put back what is graded and what is locked, each after the cell that it came after."""
    order = [cell.name for cell in known.source_cells]
    for index, source in enumerate(known.source_cells):
        places = {_name(cell): place for place, cell in enumerate(notebook.cells)}
        if source.name in places or not (source.locked or known.graded(source.name)):
            continue
        before = [places[name] for name in order[:index] if name in places]
        at = len(notebook.cells) if known.has_task(source.name) else before[-1] + 1 if before else 0
        notebook.cells.insert(at, _made(source, known, notebook))
        notes.append(f"The cell {source.name!r} was missing; it was put back.")
    # A cell without a check of its own is not put back: what is not there was not answered.


def _made(source: SourceCell, known: ReleasedNotebook, notebook: NotebookNode) -> NotebookNode:
    marks = {"grade_id": source.name, "cell_type": source.cell_type, **known.marks(source)}
    if source.checksum is not None:
        marks["checksum"] = source.checksum
    cell: dict[str, Any] = {"cell_type": source.cell_type, "metadata": {"deletable": False, "nbgrader": marks}, "source": source.source}
    if source.locked:
        cell["metadata"]["editable"] = False
    if source.cell_type == "code":
        cell |= {"execution_count": None, "outputs": []}
    if (notebook.nbformat, notebook.nbformat_minor) >= (4, 5):
        cell["id"] = _cell_id(source.name, notebook)
    import nbformat

    result: NotebookNode = nbformat.from_dict(cell)  # type: ignore[no-untyped-call]
    return result


def _cell_id(name: str, notebook: NotebookNode) -> str:
    """An id for a cell that is put back: the same in every grading, where nbformat would draw one by lot."""
    used = {cell.get("id") for cell in notebook.cells}
    tries = (f"put-back-{hashlib.sha256(f'{name}{turn}'.encode()).hexdigest()[:8]}" for turn in itertools.count())
    return next(one for one in tries if one not in used)

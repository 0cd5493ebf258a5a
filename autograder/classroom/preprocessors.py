"""Nbgrader's preprocessors, without a gradebook to open: what they ask of it comes from a `Release`, what they would write is collected.

And one more, `RestoreMarks`, which comes first: a learner can edit the marks of a cell (what it is worth, whether it is graded), and stock
nbgrader then fails the submission, or the whole class.
"""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path
from typing import Any

import jsonschema
from jsonschema import ValidationError
from nbformat import NotebookNode
from nbgrader import preprocessors as stock
from nbgrader import utils
from nbgrader.api import MissingEntry
from nbgrader.nbgraderformat import MetadataValidator
from nbgrader.nbgraderformat.common import BaseMetadataValidator
from nbgrader.preprocessors import NbGraderPreprocessor

from autograder.classroom.released import Release, read_release
from autograder.judging.prepared import MarkedCell, ReleasedNotebook, SourceCell, prepare


def drop_links(assignment: str, student: str, notebooks: list[str]) -> None:
    """Before nbgrader copies a submission, take the links out of it: it would copy what they lead to, be it the gradebook.

    Every command of nbgrader's that converts calls this, with the paths of one submission's (or source's) notebooks.
    """
    for folder in {Path(path).parent for path in notebooks}:
        for directory, subfolders, names in os.walk(folder):
            for name in [*subfolders, *names]:
                path = Path(directory, name)
                if path.is_symlink():
                    path.unlink()
                    logging.getLogger("autograder").warning("%s is a link; it was taken out of the submission.", path)


Pair = tuple[NotebookNode, Any]


def released_notebook(preprocessor: Any, resources: Any) -> ReleasedNotebook | None:
    """The release that a preprocessor was given, or the one in the gradebook."""
    about = resources["nbgrader"]
    release: Release = getattr(preprocessor, "release", None) or read_release(about["db_url"], about["assignment"])
    return release.notebook(about["notebook"])


class RestoreMarks(NbGraderPreprocessor):  # type: ignore[misc]
    """Makes a notebook fit to be judged, as `autograder.judging.prepared` says. `notes` is what it did."""

    def preprocess(self, nb: NotebookNode, resources: Any) -> Pair:
        self.notes: list[str] = []
        released = released_notebook(self, resources)
        if released is not None:
            self.notes = prepare(nb, released)
        for note in self.notes:
            self.log.warning(note)
        return nb, resources


class KnownKernelspec(stock.OverwriteKernelspec):  # type: ignore[misc]
    """The release's kernel, from a release that is at hand."""

    release: Release

    def preprocess(self, nb: NotebookNode, resources: Any) -> Pair:
        released = released_notebook(self, resources)
        kernelspec = json.loads(released.kernelspec) if released and released.kernelspec else None
        if kernelspec:
            nb.metadata["kernelspec"] = kernelspec
        return nb, resources


class _Known:
    """The questions that OverwriteCells asks of a gradebook."""

    def __init__(self, notebook: ReleasedNotebook) -> None:
        self._notebook = notebook

    def find_notebook(self, name: str, assignment: str) -> ReleasedNotebook:
        return self._notebook

    def find_source_cell(self, name: str, notebook: str, assignment: str) -> SourceCell:
        result: SourceCell = _or_missing(self._notebook.source_cell(name))
        return result

    def find_graded_cell(self, name: str, notebook: str, assignment: str) -> MarkedCell:
        result: MarkedCell = _or_missing(self._notebook.graded(name))
        return result


def _or_missing(found: Any) -> Any:
    if found is None:
        raise MissingEntry("not in the release")
    return found


class KnownCells(stock.OverwriteCells):  # type: ignore[misc]
    """The release's locked cells, from a release that is at hand."""

    release: Release

    def preprocess(self, nb: NotebookNode, resources: Any) -> Pair:
        released = released_notebook(self, resources)
        assert released is not None
        self.notebook_id, self.assignment_id = released.name, resources["nbgrader"]["assignment"]
        self.gradebook = _Known(released)
        nb, resources = NbGraderPreprocessor.preprocess(self, nb, resources)
        if self.add_missing_cells:
            nb, resources = self.add_missing_grade_cells(nb, resources)
            nb, resources = self.add_missing_task_cells(nb, resources)
        return nb, resources


class _ReadOnce(BaseMetadataValidator):  # type: ignore[misc]
    """As nbgrader has it, but jsonschema's validator is made once: to find out each time that the schema is one takes most of the time."""

    def __init__(self) -> None:
        super().__init__()
        self._wants = jsonschema.validators.validator_for(self.schema)(self.schema)

    def validate_cell(self, cell: NotebookNode) -> None:
        marks = cell.metadata.get("nbgrader")
        if marks is not None and (marks.get("schema_version", 0) != self.schema_version or not self._wants.is_valid(marks)):
            raise ValidationError(f"not nbgrader's metadata: {str(marks)[:200]}")


class _Quick(MetadataValidator, _ReadOnce):  # type: ignore[misc]
    """nbgrader's validator, which asks its base class what the schema says: here `_ReadOnce`."""


class KnownSchema(stock.CheckCellMetadata):  # type: ignore[misc]
    """The same check. What it does not let pass is said by nbgrader's own."""

    validator: Any = None

    def preprocess(self, nb: NotebookNode, resources: Any) -> Pair:
        cls = type(self)
        cls.validator = cls.validator or _Quick()
        try:
            cls.validator.validate_nb(nb)
        except Exception:
            return super().preprocess(nb, resources)  # type: ignore[no-any-return]
        return nb, resources


class CollectScores(stock.SaveAutoGrades):  # type: ignore[misc]
    """Scores and comments by grade id, to be written by somebody else."""

    def preprocess(self, nb: NotebookNode, resources: Any) -> Pair:
        self.scores: dict[str, float | None] = {}
        self.comments: dict[str, str | None] = {}
        return NbGraderPreprocessor.preprocess(self, nb, resources)  # type: ignore[no-any-return]

    def _add_score(self, cell: NotebookNode, resources: Any) -> None:
        self.scores[cell.metadata["nbgrader"]["grade_id"]] = utils.determine_grade(cell, self.log)[0]

    def _add_comment(self, cell: NotebookNode, resources: Any) -> None:
        unchanged = cell.metadata.nbgrader.get("checksum") == utils.compute_checksum(cell) and not utils.is_task(cell)
        self.comments[cell.metadata["nbgrader"]["grade_id"]] = "No response." if unchanged else None

"""`nbgrader validate`, and the button of that name in JupyterLab: they judge an exercise of the course as `course.py check` does.

Stock nbgrader runs the notebook as it stands, in a kernel: a graded cell that was deleted costs nothing there, one that was copied is
shown twice, and words on stderr cost points. It has no setting for what runs a notebook, so its class gets two methods of ours.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from nbgrader.preprocessors import CheckCellMetadata
from nbgrader.validator import Validator

from autograder import checks
from autograder.execution.client import WorkerClient
from autograder.judging.notebook import grade_notebook, incidents, salted
from autograder.judging.prepared import handed_out, prepare
from autograder.learner.recognised import of_file
from autograder.notebooks import BadNotebook, read


def install() -> None:
    """Give nbgrader's validator the two methods. Harmless when repeated."""
    if Validator._preprocess is not _preprocess:
        _stock.update(validate=Validator.validate, preprocess=Validator._preprocess)
        Validator.validate, Validator._preprocess = _validate, _preprocess


_stock: dict[str, Any] = {}


def _validate(self: Any, filename: str) -> Any:
    """Of an exercise: with every cell that was handed out in its place, so that nbgrader finds nothing changed. Others as ever."""
    try:
        notebook = read(Path(filename))
    except BadNotebook:
        return _stock["validate"](self, filename)
    slug = of_file(notebook, Path(filename).stem)
    if slug is None:
        return _stock["validate"](self, filename)
    notebook, notes = self._preprocess(notebook, slug, Path(filename).parent)
    for note in notes:
        self.log.warning(note)
        if self.stream is not None:
            self.stream.write(f"{note}\n")
    cells = self._get_passed_cells(notebook) if self.invert else self._get_failed_cells(notebook)
    if self.invert:
        return {"passed": [{"source": cell.source.strip()} for cell in cells]} if cells else {}
    failures = [{"source": cell.source.strip(), "error": _said(cell), "raw_error": _said(cell)} for cell in cells]
    return {"failed": failures} if failures else {}


def _preprocess(self: Any, notebook: NotebookNode, slug: str = "", folder: Path | None = None) -> Any:
    if not slug:
        return _stock["preprocess"](self, notebook)
    notes = prepare(notebook, handed_out(slug))
    CheckCellMetadata(parent=self).preprocess(notebook, {})
    # The learner's own code on the learner's own computer: as trusted as in the notebook.
    with WorkerClient(trust=True) as client, client.open(folder) as session, salted(notebook, folder):
        grade_notebook(notebook, session, checks.find(slug))
        return notebook, notes + incidents(notebook, session)


def _said(cell: NotebookNode) -> str:
    """What the check says of a graded cell."""
    texts = [output.text for output in cell.outputs if output.output_type == "stream"]
    return "".join(texts) or "\n".join("\n".join(output.traceback) for output in cell.outputs if output.output_type == "error")

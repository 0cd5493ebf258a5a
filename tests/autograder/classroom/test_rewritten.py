"""Notebooks as other programs save them are graded as any other: VS Code's, Colab's, and what a browser tab hands in."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from autograder.notebooks import is_solution
from tests.autograder import course_copy
from tests.autograder.course_copy import SLUG

STATE = "application/vnd.jupyter.widget-state+json"


def vs_code(notebook: Any) -> None:
    """No `language_info`, a kernel of this computer with the hash of its interpreter (vscode#231530, vscode-jupyter#8412)."""
    notebook["metadata"] = {
        "kernelspec": {"display_name": ".venv (3.11.7)", "language": "python", "name": "python3"},
        "interpreter": {"hash": "31f2aee4e71d21fbe5cf8b01ff0e069b9275f58929596ceb00d14d90e3e16cd6"},
        "vscode": {"interpreter": {"hash": "31f2aee4e71d21fbe5cf8b01ff0e069b9275f58929596ceb00d14d90e3e16cd6"}},
    }


def vs_code_without_locked_cells(notebook: Any) -> None:
    """VS Code lets locked cells be deleted (vscode-jupyter#8709)."""
    vs_code(notebook)
    notebook["cells"] = [cell for cell in notebook["cells"] if not cell["metadata"].get("nbgrader", {}).get("locked") or is_solution(cell)]


def colab(notebook: Any) -> None:
    """Widgets without `state`, cells with fields of Colab's own, ids of its own (nbconvert#1731, colabtools#4559)."""
    notebook["metadata"] = {
        "colab": {"provenance": [], "toc_visible": True},
        "kernelspec": {"name": "python3", "display_name": "Python 3"},
        "language_info": {"name": "python"},
        "widgets": {
            STATE: {"760397f8d6a9459d9e8c9c0796f567ed": {"model_module": "anywidget", "model_name": "AnyModel", "state": {"html": ""}}}
        },
    }
    for number, cell in enumerate(notebook["cells"]):
        cell["metadata"] |= {"id": f"uW{number}xy", "colab": {"base_uri": "https://localhost:8080/"}, "outputId": "0a1b"}
        cell.pop("id", None)
    notebook["nbformat"], notebook["nbformat_minor"] = 4, 0


def without_cell_ids(notebook: Any) -> None:
    """An older editor: nbformat 4.2."""
    for cell in notebook["cells"]:
        cell.pop("id", None)
    notebook["nbformat_minor"] = 2


def with_cell_ids_that_it_may_not_have(notebook: Any) -> None:
    """nbformat 4.4 and yet ids (otter#340)."""
    notebook["nbformat_minor"] = 4


def pyodide(notebook: Any) -> None:
    """The kernel of a browser tab."""
    notebook["metadata"] = {
        "kernelspec": {"name": "python", "display_name": "Python (Pyodide)", "language": "python"},
        "language_info": {"codemirror_mode": {"name": "python", "version": 3}, "name": "python", "version": "3.8"},
    }


EDITORS: tuple[Callable[[Any], None], ...] = (
    vs_code,
    vs_code_without_locked_cells,
    colab,
    without_cell_ids,
    with_cell_ids_that_it_may_not_have,
    pyodide,
)


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A class in which everybody has the same right answer, each saved by another program; with feedback."""
    course = course_copy.clone(tmp_path_factory.mktemp("rewritten"))
    right = next(path for path in course_copy.corpus() if path.parent.name == "right")
    plain = course_copy.answered(course, SLUG, right)
    for editor in EDITORS:
        notebook = copy.deepcopy(plain)
        editor(notebook)
        course_copy.hand_in(course, editor.__name__, notebook)
    course_copy.command(course, "autograder", "grade", SLUG, "--feedback", "--trust-submissions")
    return course


@pytest.mark.slow
@pytest.mark.parametrize("editor", EDITORS, ids=lambda editor: editor.__name__)
def test_notebook_earns_full_marks_whoever_saved_it(graded: Path, editor: Callable[[Any], None]) -> None:
    rows = course_copy.rows(graded)["grade"]
    points = {str(row[0]).partition("/")[0]: row[2] for row in rows if row[2] is not None}
    assert points[editor.__name__] == 10


@pytest.mark.slow
@pytest.mark.parametrize("editor", EDITORS, ids=lambda editor: editor.__name__)
def test_notebook_gets_a_feedback_page_whoever_saved_it(graded: Path, editor: Callable[[Any], None]) -> None:
    page = graded / "autograder" / "work" / "feedback" / editor.__name__ / SLUG / f"{SLUG}.html"
    assert re.search(r"10(\.0)?\s*/\s*10", page.read_text(encoding="utf-8"))

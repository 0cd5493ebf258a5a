"""The exercises as they are handed out."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any

import nbformat
import pytest

from autograder import checks
from autograder.notebooks import is_solution, released, solution
from courseware import catalogue
from tests.course.tiny import ROOT

SLUGS = list(checks.SLUGS)
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
exercises = pytest.mark.parametrize("slug", SLUGS)


def folders(name: str) -> set[str]:
    return {path.name for path in (ROOT / name).iterdir() if path.is_dir() and not path.name.startswith((".", "__"))}


def prose(slug: str) -> str:
    return "\n\n".join(cell.source for cell in nbformat.read(solution(slug), as_version=4).cells if cell.cell_type == "markdown")


def lesson_text(number: str) -> str:
    return "".join(path.read_text(encoding="utf-8") for path in (ROOT / "lessons").glob(f"{number}-*.ipynb"))


def test_names_are_the_same_in_every_folder() -> None:
    assert folders("solutions") == folders("exercises") == folders("autograder/known_answers") == set(SLUGS)


@exercises
def test_lesson_leads_to_its_exercise(slug: str) -> None:
    text = lesson_text(catalogue.find(slug).lesson)
    assert f"../exercises/{slug}/{slug}.ipynb" in text
    assert "python3 course.py check" in text


@exercises
def test_solution_is_as_nbformat_writes_it(slug: str) -> None:
    notebook = nbformat.read(solution(slug), as_version=4)
    nbformat.validate(notebook)
    assert solution(slug).read_text(encoding="utf-8") == nbformat.writes(notebook) + "\n"
    assert notebook.metadata.kernelspec == KERNEL
    for cell in notebook.cells:
        assert re.fullmatch(r"[a-z]+(-[a-z]+|-\d{1,2})*", cell.id), cell.id
        assert cell.cell_type != "code" or (cell.outputs, cell.execution_count) == ([], None), cell.id


@exercises
def test_statement_has_scope_time_and_hints(slug: str) -> None:
    text = prose(slug)
    exercise = checks.find(slug)
    assert re.search(r"out of scope", text, re.IGNORECASE)
    assert f"about {exercise.about.minutes} minutes" in text
    assert len({hint for hint in exercise.hints if len(hint) > 30}) == 3
    assert f'hint("{slug}"' in "".join(cell.source for cell in nbformat.read(solution(slug), as_version=4).cells)


@exercises
def test_every_link_leads_somewhere(slug: str) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(slug)):
        assert target.startswith(("https://", "#")) or (released(slug).parent / target.partition("#")[0]).exists(), target


@pytest.mark.slow
def test_release_is_what_nbgrader_generates(tmp_path: Path) -> None:
    """Learners may have written into the answer cells; everything else is as generated."""
    from autograder.classroom.nbgrader_steps import nbgrader_api

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # nbgrader's own
        api: Any = nbgrader_api(release_directory=str(tmp_path / "release"), db_url=f"sqlite:///{tmp_path / 'gradebook.db'}")
        for slug in SLUGS:
            outcome = api.generate_assignment(slug, force=True, create=True)
            assert outcome["success"], outcome.get("log")
    for slug in SLUGS:
        generated = nbformat.read(tmp_path / "release" / slug / f"{slug}.ipynb", as_version=4)
        kept = nbformat.read(released(slug), as_version=4)
        assert [(cell.id, cell.metadata) for cell in generated.cells] == [(cell.id, cell.metadata) for cell in kept.cells], slug
        for ours, theirs in zip(kept.cells, generated.cells, strict=True):
            assert is_solution(ours) or ours.source == theirs.source, f"{slug}: {ours.id}"

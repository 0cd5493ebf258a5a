"""`courseware.taught` is what the lessons taught: each function as its lesson writes it, but for annotations and what it says of itself."""

from __future__ import annotations

import ast

import nbformat
import pytest

from tests.course.tiny import ROOT

FUNCTIONS = {
    node.name: node
    for node in ast.parse((ROOT / "courseware" / "taught.py").read_text(encoding="utf-8")).body
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
}
BEYOND = {"async_answer_of": "answer_of for an asynchronous client", "run_of": "a task of lesson 05: the learner writes it"}


def in_lessons(name: str) -> list[ast.stmt]:
    found: list[ast.stmt] = []
    for path in sorted((ROOT / "lessons").glob("*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:  # type: ignore[no-untyped-call]
            if cell.cell_type == "code" and f"def {name}(" in cell.source and "%%" not in cell.source:
                found += [node for node in ast.parse(cell.source).body if getattr(node, "name", "") == name]
    return found


def bare(function: ast.stmt) -> str:
    """Its code, without annotations, docstring and comments."""
    assert isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
    bare = ast.parse(ast.unparse(function)).body[0]
    for node in ast.walk(bare):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            node.returns = None
            if ast.get_docstring(node) is not None:
                del node.body[0]
        if isinstance(node, ast.arg):
            node.annotation = None
    return ast.unparse(bare)


@pytest.mark.parametrize("name", sorted(FUNCTIONS.keys() - BEYOND))
def test_function_is_the_one_that_a_lesson_writes(name: str) -> None:
    (taught,) = in_lessons(name)
    assert bare(FUNCTIONS[name]) == bare(taught)

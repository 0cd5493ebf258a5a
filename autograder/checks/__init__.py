"""The checks, one module an exercise. `find` loads the one that is wanted and no other."""

from __future__ import annotations

import ast
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from courseware.catalogue import SLUGS
from threadlab.errors import ThreadlabError

if TYPE_CHECKING:
    from autograder.judging.behaviours import Exercise


__all__ = ["SLUGS", "UnknownExercise", "find", "modules"]


class UnknownExercise(ThreadlabError):
    """A name that no exercise bears."""


def find(slug: str) -> Exercise:
    """The exercise of this name. Raises UnknownExercise, with the names there are."""
    if slug not in SLUGS:
        raise UnknownExercise(f"There is no exercise {slug!r}. There are: {', '.join(SLUGS)}.")
    exercise: Exercise = import_module(f"autograder.checks.{slug.replace('-', '_')}").EXERCISE
    return exercise


def modules(slug: str) -> list[Path]:
    """The files of an exercise's check: its module, and what that takes from other modules of this package, in alphabetical order."""
    here = Path(__file__).parent
    result, waiting = set[Path](), [here / f"{slug.replace('-', '_')}.py"]
    while waiting:
        path = waiting.pop()
        if path in result or not path.is_file():
            continue
        result.add(path)
        waiting += [here / f"{name}.py" for name in _taken(ast.parse(path.read_text(encoding="utf-8")))]
    return sorted(result)


def _taken(module: ast.Module) -> list[str]:
    """The modules of this package that a module imports from."""
    names = []
    for node in ast.walk(module):
        if isinstance(node, ast.ImportFrom) and node.module == __name__:
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith(f"{__name__}."):
            names.append(str(node.module).rpartition(".")[2])
    return names

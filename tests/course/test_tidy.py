"""The linters' opinion of the whole course."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.course.tiny import ROOT


def complaints(*command: str) -> str:
    env = {**os.environ, "NO_COLOR": "1"}
    result = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False, env=env)
    return "" if result.returncode == 0 else result.stdout + result.stderr


def test_ruff_finds_nothing() -> None:
    assert complaints("ruff", "check", "--quiet") == ""


def test_code_is_formatted() -> None:
    assert complaints("ruff", "format", "--check", "--quiet") == ""


@pytest.mark.slow
def test_types_fit() -> None:
    assert complaints("mypy", "--no-error-summary") == ""


CLOCKS = {"time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "process_time", "times", "getrusage"}
OWNERS = {"time", "os", "resource"}


def is_time(node: ast.AST, times: set[str]) -> bool:
    """Whether an expression is a reading of a clock, or a sum or difference with one. `times`: names that hold one."""
    if isinstance(node, ast.Call):
        name = node.func
        return isinstance(name, ast.Attribute) and name.attr in CLOCKS and isinstance(name.value, ast.Name) and name.value.id in OWNERS
    if isinstance(node, ast.BinOp):
        return is_time(node.left, times) or is_time(node.right, times)
    return isinstance(node, ast.Name) and node.id in times


def own_nodes(function: ast.AST) -> Iterator[ast.AST]:
    """What is in a function, without the functions in it: their names are their own."""
    for node in ast.iter_child_nodes(function):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node
            yield from own_nodes(node)


def timed_assertions(source: str) -> list[int]:
    """Lines of assertions about the time that something took: they compare what a clock said."""
    lines = []
    for function in ast.walk(ast.parse(source)):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        times: set[str] = set()
        for node in own_nodes(function):
            if isinstance(node, ast.Assign) and is_time(node.value, times):
                times |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        for node in own_nodes(function):
            if isinstance(node, ast.Assert):
                sides = [side for part in ast.walk(node.test) if isinstance(part, ast.Compare) for side in (part.left, *part.comparators)]
                lines += [node.lineno] if any(is_time(side, times) for side in sides) else []
    return lines


def test_no_assertion_is_about_how_long_something_took() -> None:
    """On a slower computer it would fail. Benchmarks measure, as ratios."""
    timed = {}
    for path in sorted((ROOT / "tests").rglob("*.py")):
        lines = timed_assertions(path.read_text(encoding="utf-8"))
        if lines:
            timed[str(path.relative_to(ROOT))] = lines
    assert timed == {}


def test_assertion_about_time_is_found() -> None:
    source = """
def test_it():
    start = time.perf_counter()
    work()
    took = time.perf_counter() - start
    assert took < 2
    assert time.monotonic() - start < 2
    assert work() < 2
"""
    assert timed_assertions(source) == [6, 7]


def test_function_that_is_too_complex_is_found(tmp_path: Path) -> None:
    """The limits are those of pyproject.toml, which the first test of this module applies to everything."""
    branches = "".join(f"    if x == {number}:\n        return {number}\n" for number in range(20))
    (tmp_path / "branching.py").write_text(f"def pick(x):\n{branches}    return 0\n")
    (tmp_path / "long.py").write_text("def write(x):\n" + "    x += 1\n" * 60 + "    return x\n")
    command = [sys.executable, "-m", "ruff", "check", "--config", str(ROOT / "pyproject.toml"), "--output-format", "concise", str(tmp_path)]
    said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False).stdout
    assert "C901" in said
    assert "PLR0915" in said

"""The linters' opinion of the whole course."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.course.tiny import ROOT


def complaints(*command: str) -> str:
    env = {**os.environ, "NO_COLOR": "1"}
    result = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False, env=env)
    return "" if result.returncode == 0 else result.stdout + result.stderr


def test_ruff_finds_something() -> None:
    assert complaints("ruff", "check", "--quiet") == ""


def test_code_is_not_formatted() -> None:
    assert complaints("ruff", "format", "--check", "--quiet") == ""


@pytest.mark.slow
def test_types_do_not_fit() -> None:
    assert complaints("mypy", "--no-error-summary") == ""


def test_module_over_400_lines() -> None:
    listed = subprocess.run(["git", "ls-files", "*.py"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split()
    long = [name for name in listed if (ROOT / name).exists() and len((ROOT / name).read_text(encoding="utf-8").splitlines()) > 400]
    assert long == []

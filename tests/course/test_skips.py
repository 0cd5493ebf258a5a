"""Skipped tests are listed at the end, each with the command that would bring it."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.course.tiny import ROOT
from tests.skips import NO_LOSS, REMEDIES, remedy, summary


def reasons() -> list[tuple[str, str]]:
    """Every reason that stands in a test as a text, with its file."""
    listed = []
    for path in sorted((ROOT / "tests").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            words = [keyword.value for keyword in node.keywords if keyword.arg == "reason"]
            if node.func.attr == "skip" and isinstance(node.func.value, ast.Name) and node.func.value.id == "pytest":
                words += node.args[:1]
            listed += [(path.name, word.value) for word in words if isinstance(word, ast.Constant) and isinstance(word.value, str)]
    return listed


def test_every_reason_has_a_command() -> None:
    assert len(reasons()) > 20
    without = [(name, reason) for name, reason in reasons() if not any(re.search(sign, reason) for sign in (*REMEDIES, *NO_LOSS))]
    assert without == []


def test_reasons_are_counted_with_the_most_frequent_first() -> None:
    lines = summary(["there is no Chromium here", "needs Node.js", "there is no Chromium here", *NO_LOSS])
    assert lines[0] == "   2  there is no Chromium here"
    assert lines[1].startswith("      → apt-get install chromium")
    assert lines[2] == "   1  needs Node.js"
    assert len(lines) == 4


def test_nothing_skipped_is_nothing_said() -> None:
    assert summary([]) == []


def test_unknown_reason_is_shown_all_the_same() -> None:
    assert "says all that is known" in remedy("a full moon")


@pytest.mark.parametrize("processes", ["0", pytest.param("2", marks=pytest.mark.slow)])
def test_list_stands_at_the_end_of_a_run(tmp_path: Path, processes: str) -> None:
    (tmp_path / "conftest.py").write_text("from tests.conftest import pytest_terminal_summary\n")
    (tmp_path / "test_it.py").write_text("import pytest\n\ndef test_browser():\n    pytest.skip('there is no Chromium here')\n")
    command = [sys.executable, "-m", "pytest", "-q", "-n", processes, "-p", "no:cacheprovider", "--rootdir", str(tmp_path), str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert "what would bring them" in done.stdout, done.stdout + done.stderr
    assert "→ apt-get install chromium" in done.stdout

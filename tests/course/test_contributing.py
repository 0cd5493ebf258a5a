"""CONTRIBUTING.md, followed word by word in a copy of the course: every file, every change and every command in it."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.course.tiny import ROOT, copy_of_the_tree

TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (Add an? .+?)\n(.*?)(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL))
STEP = re.compile(r"`([\w./-]+)`[^`]*?\n\n```python\n(.*?)^```$|^```(diff|console)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """A copy of what git has, and of what is not committed yet."""
    return copy_of_the_tree(tmp_path)


def test_every_walk_is_there() -> None:
    assert sorted(SECTIONS) == ["Add a fault", "Add a wrong answer", "Add an endpoint", "Add an exercise"]
    assert all(len(list(STEP.finditer(text))) >= 2 for text in SECTIONS.values())


@pytest.mark.slow
@pytest.mark.parametrize("walk", SECTIONS)
def test_walk_works_when_it_is_followed_word_by_word(walk: str, course: Path) -> None:
    for step in STEP.finditer(SECTIONS[walk]):
        path, content, kind, block = step.groups()
        if path:
            assert not (course / path).exists(), f"{path} is there already"
            (course / path).parent.mkdir(parents=True, exist_ok=True)
            (course / path).write_text(content, encoding="utf-8")
        elif kind == "diff":
            done = subprocess.run(
                ["git", "apply", "--unidiff-zero", "-"], cwd=course, input=block, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, f"{done.stderr}\n{block}"
        else:
            follow(block, course)


def follow(block: str, course: Path) -> None:
    """Run the commands of a console block; what stands under each has to be in what it prints, in this order. `…` is anything."""
    for command, expected in re.findall(r"^\$ (.+)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE):
        done = subprocess.run(
            as_here(command), cwd=course, shell=True, env=environment(course), capture_output=True, text=True, check=False, timeout=280
        )
        shown = f"$ {command}\n{done.stdout}\n{done.stderr}"
        assert done.returncode == 0, shown
        printed = " ".join(done.stdout.split())
        for line in expected.strip().splitlines():
            pattern = ".*?".join(re.escape(" ".join(piece.split())) for piece in line.split("…"))
            assert re.search(pattern, printed), shown


def as_here(command: str) -> str:
    """course.py without its `.venv`: this Python has the packages."""
    python = shlex.quote(sys.executable)
    command = re.sub(r"^python3 course\.py test", f"{python} -m pytest -p no:cacheprovider", command)
    return re.sub(r"^python3 course\.py", f"{python} -P -m autograder", command)


def environment(course: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(course), "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "200"}


def test_two_second_check_is_the_one_that_pre_commit_runs() -> None:
    assert "`python3 course.py quick`" in TEXT
    assert "course.py quick" in (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")

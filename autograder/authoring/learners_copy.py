"""`course.py release DIR`: the learners' copy of the course, without solutions, answers, hidden checks or anybody's work."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from autograder import checks
from autograder.course_folder import ROOT
from autograder.learner.blanks import blank
from autograder.notebooks import released, write
from threadlab.errors import ThreadlabError

KEPT_BACK = (
    "solutions",
    "autograder/hidden",
    "autograder/known_answers",
    "autograder/work",
    "tests",
    "benchmarks",
    "deploy",
    ".ci",
    ".git",
)
"""What a learner's copy does not have."""


def make(folder: Path) -> int:
    """Write the learners' copy into `folder`, which must be new or empty; returns how many files. Raises ThreadlabError."""
    if folder.exists() and any(folder.iterdir()):
        raise ThreadlabError(f"{folder} is not empty: name a new folder, so that nothing of yours is overwritten or handed out.")
    if folder.resolve().is_relative_to(ROOT):
        raise ThreadlabError(f"{folder} is inside the course itself: name a folder outside of {ROOT}.")
    count = 0
    for path in sorted(_files()):
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / path, target)
        count += 1
    for slug in checks.SLUGS:
        notebook = blank(slug)
        for target in (folder / released(slug).relative_to(ROOT), folder / "autograder" / "blanks" / f"{slug}.ipynb"):
            write(notebook, target)
    return count


def _files() -> Iterator[Path]:
    """The files that git has, without those that are kept back."""
    try:
        done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    except OSError:
        raise ThreadlabError("git is needed to tell the course's files from yours, and it is not installed.") from None
    if done.returncode != 0:
        raise ThreadlabError("This folder is not a git clone of the course, so its files cannot be told from yours.")
    for name in done.stdout.decode().split("\0"):
        path = PurePosixPath(name)
        kept_back = any(path.is_relative_to(one) for one in KEPT_BACK)
        exercise = path.parts[:1] == ("exercises",) and path.suffix == ".ipynb"
        if name and not kept_back and not exercise and (ROOT / path).is_file():
            yield Path(path)

"""A submission's files other than notebooks, read by the grader to be copied into the scratch folder."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from autograder.execution.capture import cleaned
from autograder.execution.frames import File
from autograder.execution.orders import WorkerError
from autograder.sandbox.limits import Limits

OURS = (".verdicts.json",)
"""How names end that grading gives to files of its own, beside a graded notebook."""
PIECE = 16 * 1024**2
"""Bytes of a file that go into one frame."""


def read(folder: Path, limits: Limits) -> Iterator[File]:
    """Each file in pieces. Links are left out, as they could lead anywhere, and so are hidden folders and what grading has written.

    Raises WorkerError where a file cannot be read, or they are too large for the limits.
    """
    room = limits.scratch
    for directory, subfolders, names in os.walk(folder):
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        for name in sorted(names):
            path = Path(directory, name)
            about = path.lstat()
            if path.suffix == ".ipynb" or name.endswith(OURS) or not stat.S_ISREG(about.st_mode):
                continue
            room -= about.st_size
            if about.st_size > limits.file_size or room < 0:
                raise WorkerError(f"The submission's files are too large: {cleaned(name)} has {about.st_size:,} bytes.")
            yield from _pieces(path, cleaned(path.relative_to(folder).as_posix()))


def _pieces(path: Path, name: str) -> Iterator[File]:
    try:
        with open(path, "rb") as file:
            yield File(name, file.read(PIECE))
            while piece := file.read(PIECE):
                yield File(name, piece)
    except OSError as problem:
        raise WorkerError(f"The submission's file {name} could not be read: {problem.strerror}.") from None

"""Whether somebody else grades this course on this computer at the moment."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from autograder.course_folder import ROOT


@contextlib.contextmanager
def alone(folder: Path = ROOT / "autograder" / "work") -> Iterator[str]:
    """Yields who grades already, as a sentence; empty if nobody does."""
    folder.mkdir(parents=True, exist_ok=True)
    who, lock = folder / ".grading", FileLock(folder / ".grading.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        first = who.read_text(encoding="utf-8") if who.is_file() else "somebody"
        yield f"This class is being graded already, by {first}. Both go on, and come to the same; it takes longer."
        return
    try:
        who.write_text(f"process {os.getpid()}, since {time.strftime('%H:%M')}", encoding="utf-8")
        yield ""
    finally:
        lock.release()

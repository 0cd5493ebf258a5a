"""The scratch folder of a submission between trials: what one trial has written is not there for the next."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

LARGEST = 1_000_000
"""Bytes of a file that is put back if a trial has changed it; a larger one that was changed is removed."""

Listing = dict[str, tuple[int, int, int, bytes | None]]
"""For each file below a folder: inode, size and time of the last change, and what is in it if it is small."""


def listing(folder: Path) -> Listing:
    """What is in a folder, and in those below it."""
    found: Listing = {}
    for path, status in _files(folder):
        content = None
        if status.st_size <= LARGEST:
            with contextlib.suppress(OSError):
                content = Path(path).read_bytes()
        found[path] = (status.st_ino, status.st_size, status.st_mtime_ns, content)
    return found


def restore(folder: Path, before: Listing) -> None:
    """Put a folder back to how it was. What cannot be changed is left."""
    now = {path: (status.st_ino, status.st_size, status.st_mtime_ns) for path, status in _files(folder)}
    for path, state in now.items():
        if path not in before or before[path][:3] != state:
            with contextlib.suppress(OSError):
                os.unlink(path)
    for path, (inode, size, changed, content) in before.items():
        if content is not None and now.get(path) != (inode, size, changed):
            with contextlib.suppress(OSError):
                Path(path).parent.mkdir(parents=True, exist_ok=True)
                Path(path).write_bytes(content)
    kept = {str(Path(path).parent) for path in before}
    with contextlib.suppress(OSError):
        for entry in os.scandir(folder):
            if entry.is_dir(follow_symlinks=False) and not any(one.startswith(entry.path) for one in kept):
                shutil.rmtree(entry.path, ignore_errors=True)


def _files(folder: Path) -> list[tuple[str, os.stat_result]]:
    found: list[tuple[str, os.stat_result]] = []
    for root, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(root, name)
            with contextlib.suppress(OSError):
                found.append((path, os.lstat(path)))
    return found

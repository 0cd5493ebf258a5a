"""The scratch folders of a submission between trials: what one trial has written, whatever it is, is not there for the next."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

LARGEST = 1_000_000
"""Bytes of a file that is put back if a trial has changed it; a larger one that was changed is removed."""


class Was(NamedTuple):
    """How something in a folder was."""

    state: tuple[int, int, int]
    """Inode, size, and the time of the last change of anything about it, which nobody can set."""
    mode: int
    times: tuple[int, int]
    """Of the last access and the last change of its content, in nanoseconds."""
    content: bytes | None
    """Of a file that is small; where a link leads."""


Listing = dict[str, Was]
"""What is in a folder and in those below it, the folder itself included: files, folders, links and all else."""


def listing(folder: Path) -> Listing:
    """How everything in a folder is."""
    return {
        path: Was(_state(about), about.st_mode, (about.st_atime_ns, about.st_mtime_ns), _content(path, about))
        for path, about in _all(folder)
    }


def restore(folder: Path, before: Listing) -> None:
    """Put a folder back to how it was: nothing that has come since, everything that was there. What cannot be changed is left."""
    for path, about in list(_all(folder)):
        if not _is_still(before.get(path), about):
            with contextlib.suppress(OSError):
                _remove(path)
    for path, was in before.items():
        if not os.path.lexists(path):
            with contextlib.suppress(OSError):
                _make(path, was)
    for path, was in reversed(before.items()):
        if stat.S_ISDIR(was.mode):
            _as_it_was(path, was)


def _is_still(was: Was | None, about: os.stat_result) -> bool:
    """Whether it is what it was. A folder may hold something else now, which is looked at by itself."""
    if was is None or stat.S_IFMT(about.st_mode) != stat.S_IFMT(was.mode):
        return False
    return stat.S_ISDIR(about.st_mode) or _state(about) == was.state


def _state(about: os.stat_result) -> tuple[int, int, int]:
    return about.st_ino, about.st_size, about.st_ctime_ns


def _content(path: str, about: os.stat_result) -> bytes | None:
    with contextlib.suppress(OSError):
        if stat.S_ISLNK(about.st_mode):
            return os.fsencode(os.readlink(path))
        if stat.S_ISREG(about.st_mode) and about.st_size <= LARGEST:
            return Path(path).read_bytes()
    return None


def _remove(path: str) -> None:
    """Without recursion, and without a path that is too long: folders inside are taken out before they are emptied. Raises OSError."""
    if not stat.S_ISDIR(os.lstat(path).st_mode):
        os.unlink(path)
        return
    waiting, moved = [path], 0
    while waiting:
        folder = waiting.pop()
        os.chmod(folder, 0o700)
        for entry in list(os.scandir(folder)):
            if entry.is_dir(follow_symlinks=False):
                moved += 1
                waiting.append(f"{path}.{moved}")
                os.rename(entry.path, waiting[-1])
            else:
                os.unlink(entry.path)
        os.rmdir(folder)


def _make(path: str, was: Was) -> None:
    if stat.S_ISDIR(was.mode):
        os.mkdir(path)
    elif was.content is not None and stat.S_ISLNK(was.mode):
        os.symlink(os.fsdecode(was.content), path)
        os.utime(path, ns=was.times, follow_symlinks=False)
    elif was.content is not None:
        Path(path).write_bytes(was.content)
        os.chmod(path, stat.S_IMODE(was.mode))
        os.utime(path, ns=was.times)


def _as_it_was(path: str, was: Was) -> None:
    """A folder's mode, times and attributes could hold a note, too."""
    with contextlib.suppress(OSError, AttributeError):
        for name in os.listxattr(path):
            os.removexattr(path, name)
    with contextlib.suppress(OSError):
        os.chmod(path, stat.S_IMODE(was.mode))
        os.utime(path, ns=was.times)


def _all(folder: Path) -> Iterator[tuple[str, os.stat_result]]:
    """A folder and everything below it with its state, a folder before what is in it. A folder that has been closed is opened."""
    waiting = [str(folder)]
    while waiting:
        path = waiting.pop()
        with contextlib.suppress(OSError):
            about = os.lstat(path)
            yield path, about
            if stat.S_ISDIR(about.st_mode):
                if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
                    os.chmod(path, 0o700)
                waiting += sorted((os.path.join(path, name) for name in os.listdir(path)), reverse=True)

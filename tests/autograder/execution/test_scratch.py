"""What a trial has written is not there for the next one, however it was hidden; what the cells have written is."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from autograder.execution.scratch import listing, restore


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    """As the cells of a submission may have left it."""
    top = tmp_path / "scratch"
    for name in ("work/data/inner", "home", "tmp", "shm"):
        (top / name).mkdir(parents=True)
    (top / "work" / "notes.txt").write_text("mine")
    (top / "work" / "data" / "inner" / "deep.bin").write_bytes(bytes(range(256)))
    (top / "work" / "link").symlink_to("notes.txt")
    return top


def picture(top: Path) -> dict[str, tuple[object, ...]]:
    """All that a program could read there, times of reading aside."""
    found: dict[str, tuple[object, ...]] = {}
    for root, folders, files in os.walk(top):
        for name in [".", *folders, *files]:
            path = Path(root, name)
            about = path.lstat()
            content = os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else b""
            found[str(path)] = (stat.S_IMODE(about.st_mode), about.st_mtime_ns, content, tuple(os.listxattr(path, follow_symlinks=False)))
    return found


def a_deep_folder(top: Path) -> None:
    here = os.open(top, os.O_RDONLY)
    for _ in range(3000):
        os.mkdir("d", dir_fd=here)
        inner = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(here)


def in_the_place_of(path: Path, make: Callable[[Path], object]) -> None:
    path.unlink()
    make(path)


CHANGES: dict[str, Callable[[Path], object]] = {
    "file in the working folder": lambda top: (top / "work/new").write_text("x"),
    "file in another folder": lambda top: (top / "tmp/new").write_text("x"),
    "file beside the folders": lambda top: (top / "new").write_text("x"),
    "folder inside a folder that was there": lambda top: (top / "work/data/thread_123").mkdir(),
    "folders inside folders": lambda top: a_deep_folder(top / "home"),
    "closed folder": lambda top: ((top / "shm/closed").mkdir(), (top / "shm/closed/x").write_text("x"), (top / "shm/closed").chmod(0)),
    "link that leads nowhere": lambda top: (top / "work/thread_123").symlink_to("what is to be kept"),
    "link to a folder": lambda top: (top / "work/thread_123").symlink_to("/"),
    "pipe": lambda top: os.mkfifo(top / "tmp/thread_123"),
    "other content of the same size": lambda top: ((top / "work/notes.txt").write_text("his!"), os.utime(top / "work/notes.txt", (1, 1))),
    "file that is gone": lambda top: (top / "work/notes.txt").unlink(),
    "folder that is gone": lambda top: ((top / "work/data/inner/deep.bin").unlink(), (top / "work/data/inner").rmdir()),
    "folder in the place of a file": lambda top: in_the_place_of(top / "work/notes.txt", Path.mkdir),
    "file in the place of a link": lambda top: in_the_place_of(top / "work/link", lambda path: path.write_text("x")),
    "other link": lambda top: in_the_place_of(top / "work/link", lambda path: path.symlink_to("elsewhere")),
    "mode of a file": lambda top: (top / "work/notes.txt").chmod(0o604),
    "mode of a folder": lambda top: (top / "work/data").chmod(0o701),
    "time of a file": lambda top: os.utime(top / "work/notes.txt", (5, 5)),
    "time of a folder": lambda top: os.utime(top / "home", (5, 5)),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_scratch_folders_are_as_they_were_after_a_trial(scratch: Path, change: Callable[[Path], object]) -> None:
    before, seen = listing(scratch), picture(scratch)

    change(scratch)
    restore(scratch, before)

    assert picture(scratch) == seen


def test_what_a_link_leads_to_is_left_alone(scratch: Path, tmp_path: Path) -> None:
    other = tmp_path / "elsewhere"
    other.mkdir()
    (other / "kept").write_text("x")
    before = listing(scratch)
    (scratch / "work" / "out").symlink_to(other)
    restore(scratch, before)
    assert (other / "kept").read_text() == "x"

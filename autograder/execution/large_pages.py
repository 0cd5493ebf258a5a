"""A process whose memory lies in large pages is copied in half the time.

A fork copies the page tables, and the end of a copy takes them down again: for the warm process 46,000 entries of 4 KiB each, or 90 of
2 MiB. A trial in a copy takes some milliseconds of its own, so that this was much of its cost.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from pathlib import Path

_SIZE = 2 << 20
"""Bytes, on x86-64 and on arm64 with pages of 4 KiB. The file that tells them is out of sight for a process that runs submissions."""
_COLLAPSE = 25
"""madvise(2): MADV_COLLAPSE, Linux 6.1 and later."""


def gather() -> int:
    """Move this process's own memory into large pages, where the system can; returns how many there are now. Nothing else changes."""
    if sys.platform != "linux":
        return 0
    libc = ctypes.CDLL(None)
    return sum(
        libc.madvise(ctypes.c_void_p(start), ctypes.c_size_t(_SIZE), _COLLAPSE) == 0
        for first, last in list(_own())
        for start in range(-(-first // _SIZE) * _SIZE, last - _SIZE + 1, _SIZE)
    )


def _own() -> Iterator[tuple[int, int]]:
    """Where memory begins and ends that is private, can be written and is no file's (proc(5), maps)."""
    for line in Path("/proc/self/maps").read_text(errors="surrogateescape").splitlines():
        place, mode, _, _, inode, *_ = line.split(maxsplit=5)
        if mode == "rw-p" and inode == "0" and "[stack]" not in line:
            first, last = (int(number, 16) for number in place.split("-"))
            yield first, last

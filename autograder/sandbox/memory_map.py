"""What this process's memory consists of, as Linux tells it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple


class Region(NamedTuple):
    """A stretch of memory, from its first byte to the one after its last."""

    start: int
    end: int
    mode: str
    """Four letters: may be read, written, executed; `p` for private or `s` for shared with other processes."""
    path: str
    """The file behind it, a name in square brackets such as `[heap]`, or nothing."""


def regions() -> list[Region]:
    """All of them, in order (proc(5), maps). Raises OSError where they are not to be seen."""
    result = []
    for line in Path("/proc/self/maps").read_text(encoding="utf-8", errors="surrogateescape").splitlines():
        place, mode, *_, path = (*line.split(maxsplit=5), "")[:6]
        start, end = (int(number, 16) for number in place.split("-"))
        result.append(Region(start, end, mode, path))
    return result

"""What makes a trial's copy of a submission's process one of its own: nothing that it does can be seen by the copy for the next trial.

A fork separates memory, and leaves other things shared: open files with their positions, pipes, mappings that are marked as shared. And the
process that is copied lives on, with threads that the cells have started and with handlers for signals. Linux only.
"""

from __future__ import annotations

import contextlib
import ctypes
import mmap
import os
import signal
import sys
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from autograder.sandbox.memory_map import regions

_PAUSE = "import signal\nwhile True: signal.pause()"
_FIXED, _ANONYMOUS_PRIVATE = 0x10, 0x22
"""mmap(2): MAP_FIXED, and MAP_PRIVATE with MAP_ANONYMOUS."""


def settle() -> None:
    """Called once, when no more cell is run. No signal is handled from now on; and where cells have left threads running, what returns is a
    copy without them, while the process itself goes on as a program that only waits: the first of its namespace may not end."""
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        with contextlib.suppress(OSError, ValueError):
            signal.signal(number, signal.SIG_IGN if number in (signal.SIGINT, signal.SIGPIPE) else signal.SIG_DFL)
    if len(os.listdir("/proc/self/task")) > 1 and os.fork():
        try:
            os.execv(sys.executable, [sys.executable, "-I", "-S", "-c", _PAUSE])
        finally:
            os._exit(70)  # two processes that serve the grader would be worse than none


def separate(keep: int, shared: Iterable[Mapping]) -> None:
    """Called in the copy for a trial. Of the descriptors that it shares, the standard three and `keep` stay; the numbers of the others lead
    nowhere, so that whoever still closes them harms nobody. The mappings in `shared` become its own. Raises OSError: a trial that shares
    something must not begin."""
    nowhere = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    for name in os.listdir("/proc/self/fd"):
        if int(name) not in (0, 1, 2, keep, nowhere):
            with contextlib.suppress(OSError):  # the listing's own, which is closed already
                os.fstat(int(name))
                os.dup2(nowhere, int(name), inheritable=False)
    os.close(nowhere)
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    for one in shared:
        _own(libc, one)


class Mapping(NamedTuple):
    """Memory that other processes see, too."""

    start: int
    length: int
    protection: int


def shared_mappings() -> Iterator[Mapping]:
    """Those of this process. Files that nobody can write carry no note."""
    bits = {"r": mmap.PROT_READ, "w": mmap.PROT_WRITE, "x": mmap.PROT_EXEC}
    for one in regions():
        if one.mode[3] == "s" and not (os.path.exists(one.path) and not os.access(one.path, os.W_OK)):
            yield Mapping(one.start, one.end - one.start, sum(bits.get(letter, 0) for letter in one.mode[:3]))


def _own(libc: ctypes.CDLL, one: Mapping) -> None:
    """Put private memory with the same content in a mapping's place. Raises OSError: a trial that shares something must not begin."""
    place, length = ctypes.c_void_p(one.start), ctypes.c_size_t(one.length)
    if libc.mprotect(place, length, one.protection | mmap.PROT_READ):
        raise OSError(ctypes.get_errno(), "shared memory cannot be read")
    content = ctypes.string_at(one.start, one.length)
    both = mmap.PROT_READ | mmap.PROT_WRITE
    if libc.mmap(place, length, both, _FIXED | _ANONYMOUS_PRIVATE, -1, ctypes.c_long(0)) != one.start:
        raise OSError(ctypes.get_errno(), "shared memory cannot be made private")
    ctypes.memmove(one.start, content, one.length)
    libc.mprotect(place, length, one.protection)

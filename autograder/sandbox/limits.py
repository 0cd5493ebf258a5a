"""Limits that every POSIX system can set for a process and what it starts."""

from __future__ import annotations

import contextlib
import resource

import msgspec


def apply(limits: Limits) -> None:
    """Limit this process for good. A limit that is already lower stays."""
    values = {
        resource.RLIMIT_AS: limits.memory,
        resource.RLIMIT_CPU: limits.cpu,
        resource.RLIMIT_FSIZE: limits.file_size,
        resource.RLIMIT_NOFILE: limits.open_files,
        resource.RLIMIT_NPROC: limits.processes,
        resource.RLIMIT_CORE: 0,
    }
    for which, value in values.items():
        _, most = resource.getrlimit(which)
        value = value if most == resource.RLIM_INFINITY else min(value, most)
        resource.setrlimit(which, (value, value))


def first_to_go() -> None:
    """When the machine runs out of memory, let it end the submission, not something else. Linux only; elsewhere nothing happens."""
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")


class Limits(msgspec.Struct, frozen=True):
    """What one submission may use."""

    memory: int = 2 * 1024**3
    """Bytes of address space, for each process."""
    memory_together: int = 4 * 1024**3
    """Bytes that all its processes may hold at once. Looked at a few times a second."""
    cpu: int = 600
    """Seconds of processor time, for each process."""
    processes: int = 256
    """Processes and threads at once."""
    file_size: int = 64 * 1024**2
    """Bytes in one file."""
    open_files: int = 512
    """File descriptors, for each process."""
    scratch: int = 256 * 1024**2
    """Bytes in all files of the scratch folder, where the system can limit that."""
    output: int = 1_000_000
    """Characters of printed text and tracebacks, for each cell."""
    display: int = 8_000_000
    """Characters of pictures, HTML and other rich output, for each cell."""

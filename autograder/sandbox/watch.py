"""What a submission's processes use together: memory, processor time. The system's own limits are for each process; these are for all."""

import contextlib
import os
from pathlib import Path

import psutil


def held(first: int, enough: int) -> int:
    """Bytes held by a process and all that came from it. Below `enough`, a quick answer that counts shared pages several times."""
    try:
        root = psutil.Process(first)
        family = [root, *root.children(recursive=True)]
    except (psutil.Error, OSError):
        return 0
    quick = sum(_read(process, "memory_info", "rss") for process in family)
    return quick if quick < enough else sum(_read(process, "memory_full_info", "pss") for process in family)


def used(first: int) -> tuple[float, float]:
    """Seconds of processor time that a process and all that came from it have used, and seconds in which one of them was ready to run and
    the machine had no processor free for it (proc(5), schedstat)."""
    try:
        root = psutil.Process(first)
        family = [root, *root.children(recursive=True)]
        own_times = root.cpu_times()
    except (psutil.Error, OSError):
        return 0.0, 0.0
    cpu = sum(_read_times(process) for process in family) + own_times.children_user + own_times.children_system
    return cpu, sum(_delay(process.pid) for process in family)


def _read_times(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except (psutil.Error, OSError):
        return 0.0
    return float(times.user + times.system)


def delayed() -> float:
    """Seconds in which this process was ready to run and the machine had no processor free for it, and those in which a virtual machine's
    processors were given to others, all of them together; 0 where the system does not say."""
    return _delay(os.getpid()) + float(getattr(psutil.cpu_times(), "steal", 0.0))


def _delay(pid: int) -> float:
    total = 0
    with contextlib.suppress(OSError):  # it has ended meanwhile
        for task in os.scandir(f"/proc/{pid}/task"):
            with contextlib.suppress(OSError, ValueError, IndexError):
                total += int(Path(task.path, "schedstat").read_text().split()[1])
    return total / 1e9


def _read(process: psutil.Process, method: str, field: str) -> int:
    try:
        return int(getattr(getattr(process, method)(), field))
    except (psutil.Error, OSError):  # it has ended meanwhile
        return 0

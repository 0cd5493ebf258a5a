"""Linux control groups: limits that hold for everything that one person runs, taken together."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
OURS = "threads-hub"
PERIOD = 100_000
"""Microseconds over which processor time is shared out."""


def available() -> bool:
    """Whether this process may make groups."""
    try:
        return bool(_groups("hub"))
    except OSError:
        return False


def enter(name: str, memory: int, cpus: float, processes: int) -> bool:
    """Put this process into a group of its own with these limits. False where there are no groups."""
    try:
        for kind, group in _groups(name).items():
            for file, value in _limits(kind, memory, cpus, processes).items():
                with contextlib.suppress(FileNotFoundError):  # no accounting of swap, as in many kernels
                    (group / file).write_text(value)
            (group / "cgroup.procs").write_text(str(os.getpid()))
    except OSError:
        return False
    return True


def _limits(kind: str, memory: int, cpus: float, processes: int) -> dict[str, str]:
    quota = str(int(cpus * PERIOD))
    return {
        "": {"memory.max": str(memory), "memory.swap.max": "0", "cpu.max": f"{quota} {PERIOD}", "pids.max": str(processes)},
        "memory": {"memory.limit_in_bytes": str(memory)},
        "cpu": {"cpu.cfs_period_us": str(PERIOD), "cpu.cfs_quota_us": quota},
        "pids": {"pids.max": str(processes)},
    }[kind]


def _groups(name: str) -> dict[str, Path]:
    """The group's folders, made if need be: one for the second version, one a controller for the first. Raises OSError."""
    if (ROOT / "cgroup.controllers").is_file():
        top = ROOT / OURS
        top.mkdir(exist_ok=True)
        for folder in (ROOT, top):
            (folder / "cgroup.subtree_control").write_text("+memory +cpu +pids")
        result = {"": top / name}
    else:
        result = {kind: ROOT / kind / OURS / name for kind in ("memory", "cpu", "pids")}
        if not all((ROOT / kind / "cgroup.procs").is_file() for kind in result):
            raise FileNotFoundError(str(ROOT))
    for folder in result.values():
        folder.mkdir(parents=True, exist_ok=True)
    return result

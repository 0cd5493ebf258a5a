"""Limits that every POSIX system can set for a process and what it starts."""

import contextlib
import resource

from autograder.execution.frames import Limits


def apply(limits: Limits) -> None:
    """Limit this process for good. A limit that is already lower stays."""
    wanted = {
        resource.RLIMIT_AS: limits.memory,
        resource.RLIMIT_CPU: limits.cpu,
        resource.RLIMIT_FSIZE: limits.file_size,
        resource.RLIMIT_NOFILE: limits.open_files,
        resource.RLIMIT_NPROC: limits.processes,
        resource.RLIMIT_CORE: 0,
    }
    for which, value in wanted.items():
        _, most = resource.getrlimit(which)
        value = value if most == resource.RLIM_INFINITY else min(value, most)
        resource.setrlimit(which, (value, value))


def first_to_go() -> None:
    """When the machine runs out of memory, let it end the submission, not something else. Linux only; elsewhere nothing happens."""
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")

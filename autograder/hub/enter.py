"""The first program of a person's server, or of a course's service: it takes on the person's account and limits, and becomes the server.

    python -P -m autograder.hub.enter COMMAND …      with an `Entry` as JSON in THREADS_HUB_ENTER

As root, it gives the server a view of the files of its own first: the folders in `closed` are empty in it, but for what `shown` names.
"""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Iterable
from pathlib import Path

import msgspec

from autograder.hub import control_groups
from autograder.sandbox import kernel

VARIABLE = "THREADS_HUB_ENTER"
DESCRIPTORS, PROCESSES = 4096, 512


class Entry(msgspec.Struct, frozen=True):
    """How a program is to run."""

    name: str
    env: dict[str, str]
    folder: str
    """Where it starts."""
    uid: int | None = None
    """None: the account that the hub runs under, and no other view of the files."""
    gid: int | None = None
    closed: list[str] = []
    shown: list[str] = []
    """Files and folders inside the closed ones that are there all the same."""
    writable: list[str] = []
    """Folders on the way to those in which everybody may write: nbgrader insists on it of its exchange."""
    log: str = ""
    """Where its output goes, a file that is the account's own."""
    memory: int = 0
    """Bytes; 0: no limit."""
    cpus: float = 0.0
    processes: int = 0


def main(command: list[str]) -> int:
    entry = msgspec.json.decode(os.environ[VARIABLE], type=Entry)
    limit(entry)
    if entry.uid is not None:
        if entry.closed:
            kernel.unshare(kernel.CLONE_NEWNS)
            close(map(Path, entry.closed), [Path(one) for one in entry.shown])
            for folder in entry.writable:
                os.chmod(folder, 0o1777)
        gid = entry.uid if entry.gid is None else entry.gid
        os.setgroups([])
        os.setresgid(gid, gid, gid)
        os.setresuid(entry.uid, entry.uid, entry.uid)
        kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    os.umask(0o022)
    if entry.log:
        log = os.open(entry.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        os.dup2(log, 1)
        os.dup2(log, 2)
    os.chdir(entry.folder)
    os.execve(command[0], command, entry.env)


def close(folders: Iterable[Path], shown: list[Path]) -> None:
    """Cover the folders with empty ones in which only `shown` can be seen, in the mount namespace of this process. Raises OSError."""
    kernel.mount("none", "/", None, kernel.MS_REC | kernel.MS_SLAVE)
    covers = outermost(folders)
    inside = outermost(one for one in shown if any(one.is_relative_to(cover) for cover in covers))
    opened = [(one, one.is_dir(), os.open(one, os.O_PATH)) for one in inside]
    for cover in covers:
        kernel.mount("none", str(cover), "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, "mode=0755,size=1m")
    for path, is_folder, descriptor in opened:
        if is_folder:
            path.mkdir(parents=True, exist_ok=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        kernel.mount(f"/proc/self/fd/{descriptor}", str(path), None, kernel.MS_BIND | kernel.MS_REC)
        os.close(descriptor)


def outermost(paths: Iterable[Path]) -> list[Path]:
    """Those that are in none of the others."""
    unique = set(paths)
    return sorted(path for path in unique if not unique.intersection(path.parents))


def limit(entry: Entry) -> None:
    """A control group where there are any; and limits of each process, which hold everywhere."""
    grouped = control_groups.enter(entry.name, entry.memory, entry.cpus, entry.processes) if entry.memory else False
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_NOFILE, DESCRIPTORS)
    if entry.processes and entry.uid is not None:
        _lower(resource.RLIMIT_NPROC, entry.processes)  # counted for each user id
    if entry.memory and not grouped:
        _lower(resource.RLIMIT_AS, entry.memory)


def _lower(what: int, most: int) -> None:
    _, hard = resource.getrlimit(what)
    lowered = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(what, (lowered, lowered))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

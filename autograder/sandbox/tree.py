"""A file tree with nothing in it but what a submission may see. Linux only; needs a mount namespace of its own and the right to mount in
it.
"""

import os
from pathlib import Path

from autograder.sandbox import kernel

SCRATCH = "/scratch"
"""Where each submission gets its own file system, in memory and of limited size."""

FOLDERS = ("work", "home", "tmp", "shm")
"""In it: the working directory, the home folder, and what /tmp and /dev/shm lead to."""

_DEVICES = ("null", "zero", "full", "random", "urandom")

_LINKS = {
    "/tmp": f"{SCRATCH}/tmp",
    "/dev/shm": f"{SCRATCH}/shm",
    "/dev/ptmx": "pts/ptmx",
    "/dev/fd": "/proc/self/fd",
    "/dev/stdin": "/proc/self/fd/0",
    "/dev/stdout": "/proc/self/fd/1",
    "/dev/stderr": "/proc/self/fd/2",
}

STUDENT = 1000
"""The user and group that a submission sees itself as, whoever it is outside."""

_FILES = {
    "/etc/passwd": f"student:x:{STUDENT}:{STUDENT}:student:{SCRATCH}/home:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n",
    "/etc/group": f"student:x:{STUDENT}:\nnogroup:x:65534:\n",
    "/etc/hosts": "127.0.0.1 localhost\n::1 localhost\n",
    "/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
    "/etc/resolv.conf": "",
    "/etc/hostname": "sandbox\n",
}

_PRIVATE = kernel.MS_NOSUID | kernel.MS_NODEV


def build(readable: list[str]) -> None:
    """Make the tree and move into it; the old one is gone afterwards. Raises OSError.

    The order is bubblewrap's: a file system in memory over /tmp, the old root below it, then the wanted parts bound into the new root.
    """
    sources = {path: os.path.realpath(path) for path in readable}
    kernel.mount("", "/", None, kernel.MS_SLAVE | kernel.MS_REC)
    kernel.mount("tmpfs", "/tmp", "tmpfs", _PRIVATE, "mode=0755")
    os.chdir("/tmp")
    os.mkdir("new")
    os.mkdir("old")
    kernel.mount("new", "new", None, kernel.MS_BIND)
    kernel.pivot_root(".", "old")
    os.chdir("/")
    for path, source in sources.items():
        _bind(source, path)
        if not Path("/new" + path).is_symlink():
            kernel.make_read_only("/new" + path)
    for device in _DEVICES:
        _bind(f"/dev/{device}", f"/dev/{device}")
    for path in (SCRATCH, "/proc", "/dev/pts"):
        Path("/new" + path).mkdir(parents=True)
    kernel.mount("/old/proc", "/new/proc", None, kernel.MS_BIND | kernel.MS_REC)  # a new one can only be mounted where one is visible
    for path, target in _LINKS.items():
        if not Path("/new" + path).exists():  # unless this Python is inside /tmp
            Path("/new" + path).symlink_to(target)
    for path, text in _FILES.items():
        Path("/new" + path).parent.mkdir(parents=True, exist_ok=True)
        Path("/new" + path).write_text(text)
    kernel.unmount("/old")
    os.chdir("/new")
    kernel.pivot_root(".", ".")
    kernel.unmount(".")
    os.chdir("/")
    kernel.mount("", "/", None, kernel.MS_REMOUNT | kernel.MS_BIND | kernel.MS_RDONLY | _PRIVATE)


def _bind(source: str, path: str) -> None:
    old, new = Path("/old" + path), Path("/new" + path)
    new.parent.mkdir(parents=True, exist_ok=True)
    if old.is_symlink():
        new.symlink_to(os.readlink(old))
        return
    if old.is_dir():
        new.mkdir(exist_ok=True)
    else:
        new.touch()
    kernel.mount("/old" + source, str(new), None, kernel.MS_BIND | kernel.MS_REC)


def mount_processes() -> None:
    """Show the processes of this namespace in /proc, and no others. Raises OSError."""
    try:
        kernel.mount("proc", "/proc", "proc", _PRIVATE | kernel.MS_NOEXEC)
    except OSError:  # in a container whose /proc is partly covered: none is better than everybody's
        kernel.mount("tmpfs", "/proc", "tmpfs", _PRIVATE | kernel.MS_RDONLY, "size=4k")


def mount_scratch(size: int) -> None:
    """An empty scratch folder of so many bytes, over the one before. Raises OSError."""
    kernel.mount("tmpfs", SCRATCH, "tmpfs", _PRIVATE, f"mode=0755,size={size},nr_inodes=65536")
    for name in FOLDERS:
        os.mkdir(f"{SCRATCH}/{name}")


def mount_terminals() -> None:
    """Terminals of its own, for `!command`. Raises OSError."""
    kernel.mount("devpts", "/dev/pts", "devpts", kernel.MS_NOSUID | kernel.MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0600")

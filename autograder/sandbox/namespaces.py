"""Linux namespaces: what the warm process enters once, and each child once more.

The warm process gets a user namespace, in which it may mount and unshare without being root, a file tree of its own (`tree.py`), and a
process namespace whose first process it is: when it goes, for whatever reason, everything below it goes. Each child gets a process
namespace inside that one, so what it starts dies with it even after `setsid`, its own network, mounts and shared memory, and a user
namespace, so that its processes are counted apart from everybody else's.
"""

import contextlib
import fcntl
import os
import socket
import struct
from collections.abc import Callable
from pathlib import Path

from autograder.sandbox import kernel, tree
from autograder.sandbox.readable import readable

NOBODY = 65534
"""Who root's submissions run as: root is not held to a number of processes, and a submission should not own root's files."""

_WARM_SCRATCH = 64 * 1024**2
"""Bytes for what libraries write when they are imported. A child has its own scratch folder over it."""

_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1


def as_root() -> None:
    """Enter as root: the tree is built with root's rights, then these are given up. Raises OSError."""
    if os.geteuid() != 0:
        raise OSError("only root can")
    kernel.unshare(kernel.CLONE_NEWNS)
    tree.build(readable())
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    kernel.prctl(kernel.PR_SET_DUMPABLE, 1)  # otherwise /proc/self belongs to root, and the user map could not be written
    _enter_user_namespace()
    _become_first_process()


def as_anyone() -> None:
    """Enter as an ordinary user, where the system lets them have user namespaces. Raises OSError."""
    _enter_user_namespace()
    tree.build(readable())
    _become_first_process()


WAYS: tuple[Callable[[], None], ...] = (as_root, as_anyone)
"""Tried in this order."""


def _enter_user_namespace() -> None:
    user, group = os.geteuid(), os.getegid()
    kernel.unshare(kernel.CLONE_NEWUSER | kernel.CLONE_NEWNS | kernel.CLONE_NEWPID | kernel.CLONE_NEWUTS)
    with contextlib.suppress(FileNotFoundError):
        Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{tree.STUDENT} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{tree.STUDENT} {group} 1")
    socket.sethostname("sandbox")


def _become_first_process() -> None:
    """Go on as the first process of the namespace. The process that called waits for that one and ends as it ends."""
    pid = os.fork()
    if pid:
        _, status = os.waitpid(pid, 0)
        os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
    kernel.prctl(kernel.PR_SET_PDEATHSIG, 9)
    tree.mount_processes()
    tree.mount_scratch(_WARM_SCRATCH)
    os.listdir(os.path.dirname(os.__file__))  # raises where Python's own files are not for everybody to read


class ChildNamespaces:
    """Makes the namespaces of each child. To be made once inside the warm process's own."""

    def __init__(self) -> None:
        self._own = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)

    def before_copy(self) -> None:
        """The next fork is in the warm process's namespace. Raises OSError."""
        kernel.setns(self._own, kernel.CLONE_NEWPID)

    def before_fork(self) -> None:
        """The next fork is the first process of a new namespace. Raises OSError."""
        kernel.setns(self._own, kernel.CLONE_NEWPID)
        kernel.unshare(kernel.CLONE_NEWPID)

    @staticmethod
    def in_child(scratch_bytes: int) -> None:
        """The rest of the child's namespaces. Raises OSError.

        Its user namespace comes last: it has no rights over the others, processes and keyrings are counted and kept by it alone, and
        another one cannot be made below it.
        """
        kernel.unshare(kernel.CLONE_NEWNS | kernel.CLONE_NEWNET | kernel.CLONE_NEWIPC)
        tree.mount_processes()
        tree.mount_scratch(scratch_bytes)
        tree.mount_terminals()
        _raise_loopback()
        kernel.unshare(kernel.CLONE_NEWUSER)
        with contextlib.suppress(OSError):
            Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{tree.STUDENT} {tree.STUDENT} 1")
        Path("/proc/self/gid_map").write_text(f"{tree.STUDENT} {tree.STUDENT} 1")
        with contextlib.suppress(OSError):
            Path("/proc/sys/user/max_user_namespaces").write_text("0")


def _raise_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        request = struct.pack("16sH14x", b"lo", 0)
        (flags,) = struct.unpack_from("H", fcntl.ioctl(sock, _SIOCGIFFLAGS, request), 16)
        fcntl.ioctl(sock, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | _IFF_UP))

"""The Linux system calls that Python has no function for (os.unshare and os.setns came with 3.12). Numbers and structures: linux/mount.h,
linux/landlock.h, linux/capability.h, linux/prctl.h; those above 424 are the same on every architecture.
"""

import ctypes
import os

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x00020000, 0x04000000, 0x08000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT = 1, 2, 4, 8, 32
MS_BIND, MS_REC, MS_SLAVE = 4096, 16384, 1 << 19
MNT_DETACH = 2

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 1, 4, 36, 38

_SYS_MOUNT_SETATTR = 442
_AT_FDCWD, _AT_RECURSIVE = -100, 0x8000
_MOUNT_ATTR_RDONLY, _MOUNT_ATTR_NOSUID, _MOUNT_ATTR_NODEV = 1, 2, 4
_SYS_KEYCTL = {"x86_64": 250, "aarch64": 219, "riscv64": 219}
_KEYCTL_JOIN_SESSION_KEYRING = 1
_CAPABILITY_VERSION_3 = 0x20080522

_libc = ctypes.CDLL(None, use_errno=True)


def check(result: int, what: str) -> int:
    """`result`, unless it is -1. Raises OSError with `what` in its text."""
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def syscall(number: int, what: str, *arguments: object) -> int:
    """A system call by its number. Raises OSError."""
    return check(_libc.syscall(ctypes.c_long(number), *arguments), what)


def unshare(flags: int) -> None:
    """Leave these namespaces for new ones. Raises OSError."""
    check(_libc.unshare(ctypes.c_int(flags)), "unshare")


def setns(descriptor: int, flags: int) -> None:
    """Enter the namespace behind a descriptor. Raises OSError."""
    check(_libc.setns(ctypes.c_int(descriptor), ctypes.c_int(flags)), "setns")


def mount(source: str, target: str, kind: str | None, flags: int = 0, options: str = "") -> None:
    """Raises OSError."""
    arguments = (source.encode(), target.encode(), kind.encode() if kind else None, ctypes.c_ulong(flags), options.encode() or None)
    check(_libc.mount(*arguments), f"mount {target}")


def unmount(target: str) -> None:
    """Take a mount out of the tree, in use or not. Raises OSError."""
    check(_libc.umount2(target.encode(), MNT_DETACH), f"unmount {target}")


def pivot_root(new: str, old: str) -> None:
    """Make `new` the root and put the old root at `old`. Raises OSError."""
    check(_libc.pivot_root(new.encode(), old.encode()), "pivot_root")


def make_read_only(target: str) -> None:
    """A mount and all below it: no writing, no set-user-id programs, no devices. Linux 5.12. Raises OSError."""

    class Attributes(ctypes.Structure):
        _fields_ = [(name, ctypes.c_uint64) for name in ("set", "clear", "propagation", "userns")]

    attributes = Attributes(_MOUNT_ATTR_RDONLY | _MOUNT_ATTR_NOSUID | _MOUNT_ATTR_NODEV, 0, 0, 0)
    size = ctypes.c_size_t(ctypes.sizeof(attributes))
    path = ctypes.c_char_p(target.encode())
    syscall(
        _SYS_MOUNT_SETATTR,
        f"make {target} read-only",
        ctypes.c_int(_AT_FDCWD),
        path,
        ctypes.c_uint(_AT_RECURSIVE),
        ctypes.byref(attributes),
        size,
    )


def prctl(option: int, value: int) -> None:
    """Raises OSError."""
    check(
        _libc.prctl(ctypes.c_int(option), ctypes.c_ulong(value), ctypes.c_ulong(0), ctypes.c_ulong(0), ctypes.c_ulong(0)), f"prctl {option}"
    )


def prctl_pointer(option: int, value: int, pointer: object) -> None:
    """With a structure. Raises OSError."""
    check(_libc.prctl(ctypes.c_int(option), ctypes.c_ulong(value), pointer, ctypes.c_ulong(0), ctypes.c_ulong(0)), f"prctl {option}")


def leave_keyring() -> None:
    """Start with an empty session keyring: the old one may hold a person's tickets and passwords (keyrings(7)). Raises OSError."""
    syscall(_SYS_KEYCTL[os.uname().machine], "join a new keyring", ctypes.c_int(_KEYCTL_JOIN_SESSION_KEYRING), None)


def drop_capabilities() -> None:
    """Give up every capability for good. Raises OSError."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    nothing = (ctypes.c_uint32 * 6)()
    check(_libc.capset(ctypes.byref(header), ctypes.byref(nothing)), "capset")

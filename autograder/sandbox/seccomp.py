"""A filter on system calls (seccomp(2)): refuses those that a notebook never needs and that lead out of what the namespaces separate.

It is a small BPF program of our own: the library for it, libseccomp, is a part of the system that is not on every machine, and this list is
all that is needed. Numbers: the kernel's `unistd` headers; structures: linux/filter.h, linux/seccomp.h, linux/audit.h.
"""

import ctypes
import errno
import os
import struct
from collections.abc import Iterable

from autograder.sandbox import kernel

_X86_64, _AARCH64 = 0xC000003E, 0xC00000B7
"""AUDIT_ARCH values."""
_X32 = 0x40000000
"""Set in the numbers of x86-64's third set of calls, which would go around the list."""

REFUSED: dict[str, tuple[int, int]] = {
    "add_key": (248, 217),  # keyrings outlive a submission, and could pass notes to the next
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "bpf": (321, 280),
    "userfaultfd": (323, 282),
    "perf_event_open": (298, 241),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "memfd_create": (319, 279),  # memory in files without a name, and in shared segments, counts against no limit
    "memfd_secret": (447, 447),
    "shmget": (29, 194),
    "msgget": (68, 186),  # queues and semaphores of the namespace outlive the process of a trial
    "semget": (64, 190),
    "mq_open": (240, 180),
    "flock": (73, 32),  # files of the system are the same ones for all submissions: what one says of them, others could hear
    "inotify_add_watch": (254, 27),
    "fanotify_mark": (301, 263),
    "preadv2": (327, 286),  # tells what others have read
    "cachestat": (451, 451),
    "mincore": (27, 232),
    "pidfd_getfd": (438, 438),  # the open files of another process of its own: a trial's copy would share them again
    "io_uring_setup": (425, 425),  # its calls are not seen by a filter
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "open_by_handle_at": (304, 265),
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "mount_setattr": (442, 442),
}
"""By name, the numbers on x86-64 and on 64-bit ARM."""

ONLY_ITSELF: dict[str, tuple[int, int, int, int]] = {
    "prlimit64": (302, 261, 0, 0),
    "sched_setaffinity": (203, 122, 0, 0),
    "sched_setparam": (142, 118, 0, 0),
    "sched_setscheduler": (144, 119, 0, 0),
    "sched_setattr": (314, 274, 0, 0),
    "setpriority": (141, 140, 0, 0),  # PRIO_PROCESS
    "setpriority of another": (141, 140, 1, 0),
    "ioprio_set": (251, 30, 0, 1),  # IOPRIO_WHO_PROCESS
    "ioprio_set of another": (251, 30, 1, 0),
}
"""Calls that a process may make for itself alone: the numbers, which argument, and the value that it must have. What a trial sets for the
process that it was copied from, the copy for the next trial would find."""

FCNTL_REFUSED = (36, 37, 38, 1024, 1026)
"""Commands of fcntl(2): locks of an open file (F_OFD_…), leases and notes about a folder. Those of a process stay: SQLite needs them."""

_FCNTL = (72, 25)
_SOCKET = (41, 198)
_FAMILIES = (1, 2, 10, 16)
"""AF_UNIX, AF_INET, AF_INET6, AF_NETLINK: those that a network namespace holds. AF_VSOCK would lead out of a virtual machine."""

_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT, _SECOND_ARGUMENT = 0, 4, 16, 24
_PR_SET_SECCOMP, _MODE_FILTER = 22, 2


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("HBBI", code, if_true, if_false, value)


def program(machine: str, refused: Iterable[tuple[int, int]] = REFUSED.values()) -> bytes:
    """The filter for `x86_64` or `aarch64`. Raises KeyError for another machine."""
    which, architecture = {"x86_64": (0, _X86_64), "aarch64": (1, _AARCH64)}[machine]
    steps = [_step(_LOAD, _ARCHITECTURE), _step(_EQUAL, architecture, 1, 0), _step(_RETURN, _KILL), _step(_LOAD, _NUMBER)]
    if machine == "x86_64":
        steps += [_step(_AT_LEAST, _X32, 0, 1), _step(_RETURN, _ERRNO | errno.ENOSYS)]
    for numbers in refused:
        steps += [_step(_EQUAL, numbers[which], 0, 1), _step(_RETURN, _ERRNO | errno.EPERM)]
    for *both, argument, value in ONLY_ITSELF.values():
        steps += [
            _step(_EQUAL, both[which], 0, 4),
            _step(_LOAD, _FIRST_ARGUMENT + 8 * argument),
            _step(_EQUAL, value, 1, 0),
            _step(_RETURN, _ERRNO | errno.EPERM),
            _step(_LOAD, _NUMBER),
        ]
    steps += [_step(_EQUAL, _FCNTL[which], 0, 2 + 2 * len(FCNTL_REFUSED)), _step(_LOAD, _SECOND_ARGUMENT)]
    for command in FCNTL_REFUSED:
        steps += [_step(_EQUAL, command, 0, 1), _step(_RETURN, _ERRNO | errno.EINVAL)]
    steps += [_step(_RETURN, _ALLOW)]
    steps += [_step(_EQUAL, _SOCKET[which], 1, 0), _step(_RETURN, _ALLOW), _step(_LOAD, _FIRST_ARGUMENT)]
    for family in _FAMILIES:
        steps += [_step(_EQUAL, family, 0, 1), _step(_RETURN, _ALLOW)]
    return b"".join([*steps, _step(_RETURN, _ERRNO | errno.EAFNOSUPPORT)])


def restrict() -> None:
    """Filter this process's system calls, and those of all that it starts, for good. Needs PR_SET_NO_NEW_PRIVS. Raises OSError."""
    try:
        code = program(os.uname().machine)
    except KeyError:
        raise OSError(f"there is no system call filter for {os.uname().machine}") from None
    buffer = ctypes.create_string_buffer(code, len(code))

    class Program(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ushort), ("steps", ctypes.c_void_p)]

    filter_program = Program(len(code) // 8, ctypes.addressof(buffer))
    kernel.prctl_pointer(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(filter_program))

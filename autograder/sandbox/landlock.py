"""Landlock: which files a process may read and write, asked of the kernel by the process itself. https://docs.kernel.org/userspace-
api/landlock.html

The packages that wrap it are a pre-release of 2025 without scopes, and a 12 MB one that supervises from threads; a fork can have neither.
"""

import ctypes
import os
from collections.abc import Iterable

from autograder.sandbox.kernel import syscall

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_PATH_BENEATH = 1

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_TRUNCATE, _IOCTL_DEV = 1 << 14, 1 << 15
_READ = _EXECUTE | _READ_FILE | _READ_DIR
_OF_A_FILE = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV

_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
"""How many of the rights on files each version of the interface knows; later ones as the last."""

_SCOPE_ABSTRACT_SOCKETS, _SCOPE_SIGNALS = 1, 2
"""From version 6: no connection to an abstract socket, no signal to a process, outside what is restricted together."""


class _Ruleset(ctypes.Structure):
    _fields_ = [("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scoped", ctypes.c_uint64)]


class _PathBeneath(ctypes.Structure):  # the kernel reads the first 12 bytes
    _fields_ = [("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32)]


def version() -> int:
    """The version of the interface. Raises OSError where the kernel has none of it, or it is switched off."""
    return syscall(_CREATE_RULESET, "Landlock", None, ctypes.c_size_t(0), ctypes.c_uint32(1))


def restrict(read: Iterable[str], write: Iterable[str]) -> None:
    """From now on this process and its children read and run only what is beneath `read`, and write only beneath `write`.

    Paths that do not exist are left out. Needs `no_new_privs`. Raises OSError.
    """
    abi = version()
    everything = (1 << _FILE_RIGHTS[min(abi, max(_FILE_RIGHTS))]) - 1
    rules = _Ruleset(everything, 0, _SCOPE_ABSTRACT_SOCKETS | _SCOPE_SIGNALS if abi >= 6 else 0)
    size = ctypes.c_size_t(ctypes.sizeof(rules) if abi >= 6 else 8)
    ruleset = syscall(_CREATE_RULESET, "make Landlock rules", ctypes.byref(rules), size, ctypes.c_uint32(0))
    try:
        for paths, rights in ((read, _READ), (write, everything)):
            for path in paths:
                _allow(ruleset, path, rights & everything)
        syscall(_RESTRICT_SELF, "apply Landlock rules", ctypes.c_int(ruleset), ctypes.c_uint32(0))
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        target = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not os.path.isdir(path):
            rights &= _OF_A_FILE
        rule = _PathBeneath(rights, target)
        syscall(_ADD_RULE, f"allow {path}", ctypes.c_int(ruleset), ctypes.c_int(_PATH_BENEATH), ctypes.byref(rule), ctypes.c_uint32(0))
    finally:
        os.close(target)

"""What a submission may read: this Python, its packages, the system's libraries and programs, `threadlab`, `courseware`."""

import os
import sys
from collections.abc import Iterable
from pathlib import Path

from autograder.sandbox.memory_map import regions

SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store", "/gnu/store")
"""Programs and libraries."""

SETTINGS = (
    "/etc/alternatives",
    "/etc/ca-certificates",
    "/etc/fonts",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/localtime",
    "/etc/mime.types",
    "/etc/pki/tls/certs",
    "/etc/protocols",
    "/etc/services",
    "/etc/ssl/certs",
    "/etc/ssl/openssl.cnf",
)
"""What libraries read when they start. Users, hosts and the like are made up (`tree.py`)."""

PRIVATE = ("etc/jupyter", "etc/ipython", "pip.conf", ".condarc", "condarc.d", "etc/npmrc")
"""Inside a Python's own folder, or /usr/local: settings that may hold passwords (a gradebook's `db_url`, an index's address)."""

STRAY = ("/usr/local/etc", "/usr/etc")
"""Settings of programs that somebody has installed by hand."""

COURSE = Path(__file__).resolve().parents[2]
"""The folder that the packages `autograder`, `courseware` and `threadlab` are in: the course's own, or one of installed packages."""


def readable() -> list[str]:
    """Files and folders, as absolute paths that exist."""
    python = {Path(path) for path in (sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix, os.path.dirname(sys.executable))}
    packages = {Path(path) for path in sys.path if Path(path).is_absolute() and Path(path).resolve() != COURSE}
    allowed = python | packages | libraries() | {COURSE / "threadlab", COURSE / "courseware"} | {Path(path) for path in SYSTEM + SETTINGS}
    allowed |= {path.resolve() for path in python | packages}
    private = {folder / name for folder in {*allowed, Path("/usr/local")} for name in PRIVATE}
    unwanted = (
        hidden(allowed) | {path for path in private if path.exists()} | {Path(path) for path in STRAY if path not in map(str, python)}
    )
    return sorted(str(path) for path in _without(outermost(allowed), unwanted))


def libraries() -> set[Path]:
    """The folders of the libraries that this process has loaded. A Python made for a cluster may have them anywhere."""
    try:
        loaded = {Path(one.path) for one in regions() if "/" in one.path and ".so" in one.path}
    except OSError:
        return set()
    return {path.parent for path in loaded if path.is_absolute() and path.exists()}


def hidden(allowed: Iterable[Path]) -> set[Path]:
    """Parts of the course that stay unreadable even inside an allowed folder, such as a Python made in the course's own folder."""
    if COURSE.name in ("site-packages", "dist-packages"):
        return {COURSE / "autograder"}
    around = {parent for path in allowed for parent in (path, *path.parents)}
    return {path for path in COURSE.iterdir() if path not in around}


def outermost(paths: Iterable[Path]) -> set[Path]:
    """Those that exist and are in none of the others."""
    existing = {path for path in paths if path.exists()}
    return {path for path in existing if not existing.intersection(path.parents)}


def _without(paths: Iterable[Path], unwanted: set[Path]) -> Iterable[Path]:
    for path in paths:
        if path in unwanted:
            continue
        if path.is_dir() and any(path in bad.parents for bad in unwanted):
            yield from _without(path.iterdir(), unwanted)
        else:
            yield path

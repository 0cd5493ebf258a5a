"""What a process takes with it when it ends, taken away where a trial has no process of its own: in a kernel, and in a browser.

An answer that keeps a note outside of its own cells (in a library's module, in a class, in the environment, in a file) would find it again
in the next trial, as if there had never been a restart. Where submissions are graded each trial is a process of its own, and the note is
gone; a check in a notebook has to say the same.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

_DATA = (type(None), bool, int, float, str, bytes, bytearray, tuple, list, dict, set, frozenset)
"""What a note is made of. Functions, classes and modules that a library puts in its place at its first use stay."""
MOST_FILES, LARGEST = 100, 1_000_000
"""How many files of the notebook's folder a trial finds, and how many bytes in each: more than an answer needs."""


@contextlib.contextmanager
def apart(namespace: dict[str, Any]) -> Iterator[None]:
    """Let what runs here leave nothing behind for the next: no file, no variable of the environment, no data in a module or class that
    `namespace` knows. Its working directory is a copy of this one, without notebooks."""
    environment, modules = dict(os.environ), set(sys.modules)
    places = {id(place): (place, dict(vars(place))) for place in _places(namespace)}
    with _in_a_copy_of_this_folder():
        try:
            yield
        finally:
            if dict(os.environ) != environment:
                os.environ.clear()
                os.environ.update(environment)
            for name in set(sys.modules) - modules:
                if getattr(sys.modules[name], "__spec__", None) is None:  # not imported, but made
                    del sys.modules[name]
            for place, before in places.values():
                _as_before(place, before)


def _places(namespace: dict[str, Any]) -> Iterator[ModuleType | type]:
    """The modules that a notebook has names for or names from, and the classes in them; the SDK in any case."""
    for value in [sys.modules.get("openai"), *namespace.values()]:
        module = value if isinstance(value, ModuleType) else sys.modules.get(getattr(value, "__module__", None) or "")
        if not isinstance(module, ModuleType) or module.__name__ == "__main__" or vars(module) is namespace:
            continue
        yield module
        yield from (one for one in list(vars(module).values()) if isinstance(one, type))


def _as_before(place: ModuleType | type, before: dict[str, Any]) -> None:
    """Take away data that is new, and put back data that was replaced. A dunder belongs to the language or to a library."""
    for name, value in list(vars(place).items()):
        if name.startswith("__") or type(value) not in _DATA or (name in before and before[name] is value):
            continue
        with contextlib.suppress(AttributeError, TypeError):  # of a class written in C
            if name not in before:
                delattr(place, name)
            elif type(before[name]) in _DATA:
                setattr(place, name, before[name])


@contextlib.contextmanager
def _in_a_copy_of_this_folder() -> Iterator[None]:
    try:
        here = Path.cwd()
        copy = Path(tempfile.mkdtemp(prefix="trial-"))
    except OSError:  # a folder that is gone, a disk that is full: it is only for tidiness
        yield
        return
    try:
        for path in _files(here):
            with contextlib.suppress(OSError):
                (copy / path.relative_to(here)).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(path, copy / path.relative_to(here))
        os.chdir(copy)
        yield
    finally:
        os.chdir(here)
        shutil.rmtree(copy, ignore_errors=True)


def _files(folder: Path) -> list[Path]:
    """The files in a folder and in those below it that are small and visible, without notebooks."""
    result: list[Path] = []
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "__")))
        for name in sorted(names):
            path = Path(root, name)
            if len(result) >= MOST_FILES:
                return result
            with contextlib.suppress(OSError):
                if not name.startswith(".") and path.suffix != ".ipynb" and path.is_file() and path.stat().st_size <= LARGEST:
                    result.append(path)
    return result

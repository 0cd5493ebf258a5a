"""Import paths of version 0.1, answered for one more release, so that a notebook that somebody has saved still runs.

from threadlab.trial import CLIENT, World      # prints a line that says where the names are now, and works
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

OLD: dict[str, tuple[str, dict[str, str]]] = {
    "threadlab.desk": ("courseware", {}),
    "threadlab.desk_archive": ("courseware", {}),
    "threadlab.desk_cleanup": ("courseware", {}),
    "threadlab.desk_migration": ("courseware", {}),
    "threadlab.desk_support": ("courseware", {}),
    "threadlab.desk_tools": ("courseware", {}),
    "threadlab.explore": ("threadlab", {}),
    "threadlab.host": ("threadlab", {}),
    "threadlab.lesson": ("courseware", {"commit": "predict"}),
    "threadlab.timeline": ("threadlab", {}),
    "threadlab.tokens": ("threadlab", {}),
    "threadlab.trial": ("threadlab", {"DB": "courseware.DB"}),
}
"""Each old module: the package that has its names now, and those of its names that are called otherwise or are elsewhere."""


class _OldModule(ModuleType):
    """Stands in for a module that is gone. It can be called, since `threadlab.trial` is a function now."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        package, renamed = OLD[self.__name__]
        home, _, new = renamed.get(name, name).rpartition(".")
        # Not getattr: importing `threadlab.trial` has made that very module the package's attribute `trial`.
        return import_module(home or package).__getattr__(new)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return getattr(self, self.__name__.rpartition(".")[2])(*args, **kwargs)


class _OldPaths(MetaPathFinder, Loader):
    def find_spec(self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        return ModuleSpec(fullname, self) if fullname in OLD else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _OldModule(spec.name, f"Has moved to `{OLD[spec.name][0]}`.")

    def exec_module(self, module: ModuleType) -> None:
        package = OLD[module.__name__][0]
        print(f"{module.__name__} has moved: import its names from `{package}`. The old path works until version 0.3.", file=sys.stderr)


def answer_old_paths() -> None:
    """Let the import system ask here last, for what nobody else has found."""
    if not any(isinstance(finder, _OldPaths) for finder in sys.meta_path):
        sys.meta_path.append(_OldPaths())

"""The functions that are compared: out of a Python file or a notebook, and what their parameters stand for."""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from threadlab.errors import ThreadlabError
from threadlab.migrate.parity_scenes import TEXT, Scene
from threadlab.trials.api_family import CONVERSATIONS, THREADS, Family
from threadlab.trials.guest.answer import defined_afresh
from threadlab.trials.guest.messages import ASYNC_CLIENT, CLIENT, Spec

_FAMILIES = {"thread_id": THREADS, "run_id": THREADS, "conversation_id": CONVERSATIONS, "response_id": CONVERSATIONS}
"""Which family a function is of, by a parameter that only such a one has."""
_GIVEN = {"thread_id": "home", "conversation_id": "home", "assistant_id": "assistant", "run_id": "run", "response_id": "run"}
"""Parameters that stand for something that the scene's setup has made."""
_PLAIN: dict[str, Any] = {"db": {"$": "db"}, "text": TEXT, "turn_id": "turn-2"}
KNOWN = ("client", *_PLAIN, *_GIVEN, "max_wait")


class Function(msgspec.Struct, frozen=True):
    """One function that can be played."""

    path: str
    name: str
    parameters: tuple[str, ...]
    """Those that must be given, and `max_wait` if there is one."""
    family: Family
    is_async: bool
    sources: tuple[str, ...]

    @property
    def waits(self) -> bool:
        return "run_id" in self.parameters or "response_id" in self.parameters

    @property
    def keeps_a_record(self) -> bool:
        return {"db", "turn_id"} <= set(self.parameters)

    def _namespace(self) -> dict[str, Any]:
        return defined_afresh(Spec(self.name, sources=list(self.sources)), {})

    @property
    def tables(self) -> str:
        """The declarative base of the SQLAlchemy tables that its file uses, as `MODULE:NAME`; empty without any."""
        for value in self._namespace().values():
            if isinstance(value, type) and hasattr(value, "__tablename__") and hasattr(value, "metadata"):
                base = next(one for one in value.__mro__ if hasattr(one, "metadata") and not hasattr(one, "__tablename__"))
                return f"{base.__module__}:{base.__qualname__}"
        return ""

    def try_to_define(self) -> None:
        """Raises ThreadlabError when the file cannot be run as far as this function needs it."""
        try:
            self._namespace()
        except Exception as error:
            raise ThreadlabError(f"{self.name} in {self.path} cannot be run: {type(error).__name__}: {error}") from None

    def spec(self, scene: Scene, given: Mapping[str, str]) -> Spec:
        """The call of this function in a scene."""
        client = {**(ASYNC_CLIENT if self.is_async else CLIENT), **({"api_key": scene.key} if scene.key else {})}
        values = {"client": client, **_PLAIN, **{name: given.get(key, "") for name, key in _GIVEN.items()}}
        if "db" in self.parameters:
            values["db"] = {"$": "db", "tables": self.tables}
        if scene.max_wait is not None:
            values["max_wait"] = scene.max_wait
        return Spec(self.name, kwargs={name: values[name] for name in self.parameters if name in values}, sources=list(self.sources))


def functions(where: str) -> dict[str, Function]:
    """The functions of `FILE` (.py or .ipynb) that can be played, or the one of `FILE:NAME`.

    Raises ThreadlabError when the file cannot be read, or has no such function, or one with a parameter that nobody knows.
    """
    path, _, name = where.partition(":") if ".py:" in where or ".ipynb:" in where else (where, "", "")
    sources = _sources(Path(path))
    result = {}
    for node in (node for tree in map(ast.parse, sources) for node in tree.body):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (node.name == name if name else not node.name.startswith("_")):
            function = _function(path, node, tuple(sources), strict=bool(name))
            if function is not None:
                result[node.name] = function
    if not result:
        what = f"no function {name!r}" if name else f"no function with parameters that can be filled in ({', '.join(KNOWN)})"
        raise ThreadlabError(f"{path} has {what}.")
    return result


def _function(path: str, node: ast.FunctionDef | ast.AsyncFunctionDef, sources: tuple[str, ...], *, strict: bool) -> Function | None:
    arguments = node.args
    positional = [one.arg for one in arguments.args]
    needed = positional[: len(positional) - len(arguments.defaults)]
    needed += [one.arg for one, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if default is None]
    every = {*positional, *(one.arg for one in arguments.kwonlyargs)}
    parameters = tuple(dict.fromkeys([*needed, *(["max_wait"] if "max_wait" in every else [])]))
    unknown = [one for one in parameters if one not in KNOWN]
    family = next((_FAMILIES[one] for one in parameters if one in _FAMILIES), None)
    if "client" in parameters and not unknown and family is not None:
        return Function(path, node.name, parameters, family, isinstance(node, ast.AsyncFunctionDef), sources)
    if not strict:
        return None
    why = f"a parameter {unknown[0]!r} that nobody fills in" if unknown else f"no `client`, or none of {', '.join(_FAMILIES)}"
    raise ThreadlabError(f"{node.name} in {path} has {why}; parameters are filled in by name: {', '.join(KNOWN)}.")


def _sources(path: Path) -> list[str]:
    try:
        text = path.read_text(encoding="utf-8")
        if path.suffix != ".ipynb":
            ast.parse(text)
            return [text]
        cells = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
        return [definitions for cell in cells if (definitions := _definitions("".join(cell["source"])))]
    except (OSError, ValueError, SyntaxError, KeyError, TypeError) as error:
        raise ThreadlabError(f"{path} cannot be read as Python: {error}.") from None


def _definitions(cell: str) -> str:
    """Of a notebook's cell what defines something; what tries it out is left away."""
    plain = "\n".join("" if line.lstrip().startswith(("%", "!")) else line for line in cell.splitlines())
    nodes = [node for node in ast.parse(plain).body if _defines(node)]
    return "\n".join(ast.unparse(node) for node in nodes)


def _defines(node: ast.stmt) -> bool:
    if isinstance(node, ast.Import | ast.ImportFrom | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return True
    return isinstance(node, ast.Assign | ast.AnnAssign) and not any(isinstance(one, ast.Call | ast.Await) for one in ast.walk(node))

"""Find calls of the Assistants API in Python code, by its syntax tree.

What is followed: a path that says `.beta.threads…` or `.beta.assistants…` on whatever it hangs; names and attributes that such a path, or
a part of it (`beta = client.beta`), was bound to in the same file; subclasses of AssistantEventHandler, and those of such a subclass.
What is not: `getattr`, and what another file bound. Nothing is imported or run.
"""

import ast
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from threadlab.errors import ThreadlabError
from threadlab.migrate.mapping import HANDLERS, RESOURCES, WRAPPERS, replacement

SKIPPED = frozenset({"__pycache__", ".git", ".venv", "venv", "node_modules", ".tox", "build", "dist"})


class Found(msgspec.Struct, frozen=True):
    """One call, or one class of event handlers."""

    path: str
    line: int
    column: int
    call: str
    """Such as `beta.threads.runs.create`, or the name of the handler class."""
    replacement: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}: {self.call} → {self.replacement}"


class Unread(msgspec.Struct, frozen=True):
    """A file that could not be read as Python."""

    path: str
    reason: str


class Report(msgspec.Struct, frozen=True):
    files: int
    found: list[Found]
    unread: list[Unread]


def scan(paths: Iterable[Path]) -> Report:
    """Everything found below these paths, in order. Raises ThreadlabError for a path that is not there."""
    files, found, unread = 0, list[Found](), list[Unread]()
    for path in paths:
        if not path.exists():
            raise ThreadlabError(f"there is no file or folder {path}.")
        for file in [path] if path.is_file() else _python_files(path):
            files += 1
            try:
                found += scan_text(file.read_bytes(), str(file))
            except (SyntaxError, ValueError, OSError, RecursionError) as error:
                unread.append(Unread(str(file), str(error) or type(error).__name__))
    return Report(files, found, unread)


def _python_files(folder: Path) -> Iterator[Path]:
    for entry in sorted(folder.iterdir()):
        if entry.is_dir() and not entry.is_symlink():
            if entry.name not in SKIPPED:
                yield from _python_files(entry)
        elif entry.suffix in (".py", ".pyi"):
            yield entry


def scan_text(source: str | bytes, path: str = "") -> list[Found]:
    """The calls in one file. Raises SyntaxError or ValueError for what is not Python."""
    tree = ast.parse(source)
    seen = _Names(tree)
    found = [Found(path, node.lineno, node.col_offset + 1, f"beta.{call}", replacement(call)) for node, call in seen.calls()]
    found += [Found(path, node.lineno, node.col_offset + 1, node.name, replacement("handler")) for node in seen.handlers()]
    return sorted(found, key=lambda one: (one.line, one.column))


class _Names:
    """What the names of one file stand for. A value is a path below the client: `beta`, `beta.threads`, `beta.threads.runs.create`."""

    def __init__(self, tree: ast.Module) -> None:
        self._tree = tree
        self._bound: dict[str, str] = {}
        """Names and dotted attributes (`self._threads`), wherever in the file they are bound to a part of the family."""
        before = -1
        while len(self._bound) != before:  # a name may be bound to a name that is bound further down
            before = len(self._bound)
            for node in ast.walk(tree):
                self._bind(node)

    def _bind(self, node: ast.AST) -> None:
        pairs: list[tuple[ast.expr, ast.expr]]
        match node:
            case ast.Assign(targets=targets, value=value):
                pairs = [(target, value) for target in targets]
            case ast.AnnAssign(target=target, value=value) if value is not None:
                pairs = [(target, value)]
            case ast.NamedExpr(target=target, value=value):
                pairs = [(target, value)]
            case ast.FunctionDef() if any(_last(one) in ("property", "cached_property") for one in node.decorator_list):
                self._note_property(node)
                return
            case _:
                return
        for one, other in pairs:
            if isinstance(one, ast.Tuple) and isinstance(other, ast.Tuple) and len(one.elts) == len(other.elts):
                for name, meant in zip(one.elts, other.elts, strict=True):
                    self._note(name, meant)
            else:
                self._note(one, other)

    def _note_property(self, node: ast.FunctionDef) -> None:
        """`self.name` stands for what the property returns."""
        for inner in ast.walk(node):
            if isinstance(inner, ast.Return) and inner.value is not None and (meaning := self._meaning(inner.value)) is not None:
                self._bound.setdefault(f"self.{node.name}", meaning)

    def _note(self, target: ast.expr, value: ast.expr) -> None:
        name, meaning = _dotted(target), self._meaning(value)
        if name is not None and meaning is not None:
            self._bound.setdefault(name, meaning)

    def _meaning(self, node: ast.expr) -> str | None:
        """The path below the client that an expression stands for."""
        if isinstance(node, ast.NamedExpr):
            return self._meaning(node.value)
        name = _dotted(node)
        if name is not None and name in self._bound:
            return self._bound[name]
        if not isinstance(node, ast.Attribute):
            return None
        inner = self._meaning(node.value)
        if inner is not None:
            return inner if node.attr in WRAPPERS else f"{inner}.{node.attr}"
        return "beta" if node.attr == "beta" else None

    def calls(self) -> Iterator[tuple[ast.expr, str]]:
        """What is called, and what is handed on to be called (`to_thread(client.beta.threads.create)`)."""
        bound = {id(node.value) for node in ast.walk(self._tree) if isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr)}
        called = {id(node.func) for node in ast.walk(self._tree) if isinstance(node, ast.Call)}
        for node in ast.walk(self._tree):
            handed_on = isinstance(node, ast.Attribute) and id(node) not in bound
            if not isinstance(node, ast.expr) or not (id(node) in called or handed_on):
                continue
            meaning = self._meaning(node)
            if meaning is not None and _belongs(call := meaning.removeprefix("beta.")):
                yield node, call

    def handlers(self) -> Iterator[ast.ClassDef]:
        classes = [node for node in ast.walk(self._tree) if isinstance(node, ast.ClassDef)]
        known = set(HANDLERS)
        for node in ast.walk(self._tree):
            if isinstance(node, ast.ImportFrom):
                known |= {alias.asname for alias in node.names if alias.asname and alias.name in HANDLERS}
        before = 0
        while len(known) != before:
            before = len(known)
            known |= {one.name for one in classes if any(_last(base) in known for base in one.bases)}
        return (one for one in classes if any(_last(base) in known for base in one.bases))


def _belongs(call: str) -> bool:
    resource, _, method = call.rpartition(".")
    return method in RESOURCES.get(resource, ())


def _dotted(node: ast.expr) -> str | None:
    """`a.b.c` as text; None for anything that is not names and dots."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        inner = _dotted(node.value)
        return None if inner is None else f"{inner}.{node.attr}"
    return None


def _last(base: ast.expr) -> str | None:
    """The last name of a base class, type parameters aside."""
    if isinstance(base, ast.Subscript):
        base = base.value
    return base.attr if isinstance(base, ast.Attribute) else base.id if isinstance(base, ast.Name) else None


def main(paths: list[Path], *, as_json: bool) -> int:
    """Print what was found. 0: nothing; 1: something; 2: some of it could not be read, and nothing was found in the rest."""
    report = scan(paths)
    if as_json:
        print(json.dumps(msgspec.to_builtins(report), indent=1))
    else:
        for one in report.found:
            print(one)
        for other in report.unread:
            print(f"{other.path}: not read: {other.reason}", file=sys.stderr)
        print(_summary(report))
    return 1 if report.found else 2 if report.unread else 0


def _summary(report: Report) -> str:
    calls, places = len(report.found), len({one.path for one in report.found})
    return (
        f"{report.files} file{_s(report.files)} read; {calls} use{_s(calls)} of the Assistants API in {places} of them."
        if calls
        else f"{report.files} file{_s(report.files)} read; none uses the Assistants API."
    )


def _s(count: int) -> str:
    return "" if count == 1 else "s"

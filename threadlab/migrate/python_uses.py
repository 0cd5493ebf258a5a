"""Uses of the Assistants API in Python code, by its syntax tree.

What is followed: a path that says `.beta.threads…` or `.beta.assistants…` on whatever it hangs; names and attributes that such a path, or
a part of it (`beta = client.beta`), was bound to in the same file; parameters of the file's own functions and classes that it is handed to;
subclasses of AssistantEventHandler, and those of such a subclass; names that are imported from packages that wrap the API; strings that are
addresses of it. What is not: what another file bound. Nothing is imported or run.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from threadlab.migrate.found import Found
from threadlab.migrate.mapping import HANDLERS, RESOURCES, replacement
from threadlab.migrate.mapping import WRAPPERS as RAW
from threadlab.migrate.wrappers import WRAPPERS, request_replacement, requested, speaks_http


def uses(source: str | bytes, path: str = "", cell: int = 0, *, signed: bool = False) -> list[Found]:
    """The uses in one file, or in one cell of a notebook. Raises SyntaxError or ValueError for what is not Python.

    `signed`: another cell says that the API is asked by its address.
    """
    tree = ast.parse(source)
    names = _Names(tree)
    result = [
        Found(path, node.lineno, node.col_offset + 1, f"beta.{call}", replacement(call), "call", cell) for node, call in names.calls()
    ]
    result += [
        Found(path, node.lineno, node.col_offset + 1, node.name, replacement("handler"), "handler", cell) for node in names.handlers()
    ]
    result += [Found(path, node.lineno, node.col_offset + 1, name, advice, "wrapper", cell) for node, name, advice in names.wrappers()]
    signed = signed or speaks_http(source.decode("utf-8", "replace") if isinstance(source, bytes) else source)
    for node, rest in names.requests(signed=signed):
        result.append(Found(path, node.lineno, node.col_offset + 1, f"/v1/{rest}", request_replacement(rest), "http", cell))
    return sorted(result, key=lambda one: (one.line, one.column))


class _Names:
    """What the names of one file stand for. A value is a path below the client: `beta`, `beta.threads`, `beta.threads.runs.create`."""

    def __init__(self, tree: ast.Module) -> None:
        self._tree = tree
        self._bound: dict[str, str] = {}
        """Names and dotted attributes (`self._threads`), wherever in the file they are bound to a part of the family."""
        self._parameters: dict[tuple[str, str], str] = {}
        """Parameters of this file's functions, by the function's name and their own, that are handed a part of the family."""
        self._nodes = list(ast.walk(tree))
        self._functions = {node.name: node for node in self._nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
        self._classes = {node.name: node for node in self._nodes if isinstance(node, ast.ClassDef)}
        self._inside: dict[int, str] = {}
        """The name of the innermost function that each node of the tree is in."""
        self._descend(tree, "")
        before = -1
        while len(self._bound) + len(self._parameters) != before:  # a name may be bound to a name that is bound further down
            before = len(self._bound) + len(self._parameters)
            for node in self._nodes:
                self._bind(node)

    def _descend(self, node: ast.AST, function: str) -> None:
        for child in ast.iter_child_nodes(node):
            self._inside[id(child)] = function
            self._descend(child, child.name if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) else function)

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
            case ast.Call():
                self._note_arguments(node)
                return
            case _:
                return
        for one, other in pairs:
            if isinstance(one, ast.Tuple) and isinstance(other, ast.Tuple) and len(one.elts) == len(other.elts):
                for name, meaning in zip(one.elts, other.elts, strict=True):
                    self._note(name, meaning)
            else:
                self._note(one, other)

    def _note_property(self, node: ast.FunctionDef) -> None:
        """`self.name` stands for what the property returns."""
        for inner in ast.walk(node):
            if isinstance(inner, ast.Return) and inner.value is not None and (meaning := self._meaning(inner.value)) is not None:
                self._bound.setdefault(f"self.{node.name}", meaning)

    def _note_arguments(self, node: ast.Call) -> None:
        """What a function or a class of this file is handed, its parameters stand for."""
        called = _last(node.func)
        function = self._functions.get(called or "")
        if called in self._classes:
            own = [one for one in self._classes[called].body if isinstance(one, ast.FunctionDef) and one.name == "__init__"]
            function = own[0] if own else None
        if function is None:
            return
        names = [one.arg for one in [*function.args.posonlyargs, *function.args.args]]
        skipped = 1 if names[:1] in (["self"], ["cls"]) else 0
        pairs = [*zip(names[skipped:], node.args, strict=False), *((one.arg, one.value) for one in node.keywords if one.arg)]
        for name, value in pairs:
            meaning = self._meaning(value)
            if meaning is not None:
                self._parameters.setdefault((function.name, name), meaning)

    def _note(self, target: ast.expr, value: ast.expr) -> None:
        name, meaning = _dotted(target), self._meaning(value)
        if name is not None and meaning is not None:
            self._bound.setdefault(name, meaning)

    def _meaning(self, node: ast.expr) -> str | None:
        """The path below the client that an expression stands for."""
        if isinstance(node, ast.NamedExpr):
            return self._meaning(node.value)
        if isinstance(node, ast.Await):
            return self._meaning(node.value)
        name = _dotted(node)
        if isinstance(node, ast.Name) and (parameter := self._parameters.get((self._inside.get(id(node), ""), node.id))) is not None:
            return parameter
        if name is not None and name in self._bound:
            return self._bound[name]
        if isinstance(node, ast.Call):
            return self._got(node)
        if not isinstance(node, ast.Attribute):
            return None
        inner = self._meaning(node.value)
        if inner is not None:
            return inner if node.attr in RAW else f"{inner}.{node.attr}"
        return "beta" if node.attr == "beta" else None

    def _got(self, node: ast.Call) -> str | None:
        """`getattr(client, "beta")` is an attribute, too."""
        match node:
            case ast.Call(func=ast.Name(id="getattr"), args=[inner, ast.Constant(value=str(name)), *_]):
                attribute = ast.copy_location(ast.Attribute(inner, name, ast.Load()), node)
                return self._meaning(attribute)
            case _:
                return None

    def calls(self) -> Iterator[tuple[ast.expr, str]]:
        """What is called, and what is handed on to be called (`to_thread(client.beta.threads.create)`)."""
        bound = {id(node.value) for node in self._nodes if isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr)}
        called = {id(node.func) for node in self._nodes if isinstance(node, ast.Call)}
        for node in self._nodes:
            handed_on = isinstance(node, ast.Attribute) and id(node) not in bound
            if not isinstance(node, ast.expr) or not (id(node) in called or handed_on):
                continue
            meaning = self._meaning(node)
            if meaning is not None and _belongs(call := meaning.removeprefix("beta.")):
                yield node, call

    def wrappers(self) -> Iterator[tuple[ast.expr, str, str]]:
        """Calls of what other packages made of the API, and classes that inherit from it; and what replaces each."""
        imports: dict[str, str] = {}
        modules: dict[str, dict[str, str]] = {}
        for node in self._nodes:
            if isinstance(node, ast.ImportFrom) and not node.level:
                table = WRAPPERS.get((node.module or "").partition(".")[0], {})
                imports |= {alias.asname or alias.name: table[alias.name] for alias in node.names if alias.name in table}
            elif isinstance(node, ast.Import):
                modules |= {
                    alias.asname or alias.name.partition(".")[0]: WRAPPERS[alias.name.partition(".")[0]]
                    for alias in node.names
                    if alias.name.partition(".")[0] in WRAPPERS
                }
        for node in self._nodes:
            used = [node.func] if isinstance(node, ast.Call) else node.bases if isinstance(node, ast.ClassDef) else []
            for one in used:
                parts = (_dotted(one) or "").split(".")
                if parts[0] in imports:
                    yield one, ".".join(parts), imports[parts[0]]
                elif parts[0] in modules and (name := next((part for part in parts[1:] if part in modules[parts[0]]), None)):
                    yield one, ".".join(parts), modules[parts[0]][name]

    def requests(self, *, signed: bool) -> Iterator[tuple[ast.expr, str]]:
        """Strings that are addresses of the API, but for documentation and the routes of a server."""
        aside: set[int] = set()
        for node in self._nodes:
            if isinstance(node, ast.Expr):
                aside.add(id(node.value))
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                aside |= {id(inner) for one in node.decorator_list for inner in ast.walk(one)}
            elif isinstance(node, ast.JoinedStr):
                aside |= {id(inner) for inner in ast.walk(node) if inner is not node}
        for node in self._nodes:
            if id(node) in aside or not isinstance(node, ast.Constant | ast.JoinedStr):
                continue
            text = _template(node)
            rest = requested(text, signed=signed) if text is not None else None
            if rest is not None:
                yield node, rest

    def handlers(self) -> Iterator[ast.ClassDef]:
        classes = [node for node in self._nodes if isinstance(node, ast.ClassDef)]
        handler_names = set(HANDLERS)
        for node in self._nodes:
            if isinstance(node, ast.ImportFrom):
                handler_names |= {alias.asname for alias in node.names if alias.asname and alias.name in HANDLERS}
        before = 0
        while len(handler_names) != before:
            before = len(handler_names)
            handler_names |= {one.name for one in classes if any(_last(base) in handler_names for base in one.bases)}
        return (one for one in classes if any(_last(base) in handler_names for base in one.bases))


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


def _template(node: ast.Constant | ast.JoinedStr) -> str | None:
    """A string, with `{}` for what an f-string fills in; None for another constant."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    return "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)

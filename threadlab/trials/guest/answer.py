"""The learner's answer cells, run afresh for every trial and every process in it, so that nothing leaks from one to the next."""

import ast
import contextlib
import copy
import functools
import linecache
import re
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Iterator, Sequence
from types import CodeType
from typing import Any

from threadlab.trials.guest import messages as m

_ANSWER = "<answer {}>"


class Missing(Exception):
    """A name that the answer should define is not there."""


def defined_afresh(spec: m.Spec, namespace: dict[str, Any]) -> dict[str, Any]:
    """The namespace with the answer cells run again. A cell that fails spoils only what it should have defined."""
    fresh = dict(namespace)
    if spec.sources:
        fresh.pop(spec.entry, None)
    problem: BaseException | None = None
    for index, text in enumerate(spec.sources):
        name = _ANSWER.format(index)
        linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
        try:
            _execute(text, name, fresh, spec.entry)
        except (Exception, SystemExit) as error:  # a notebook goes on after a cell that exits, too
            problem = problem or error
    if spec.entry not in fresh:
        raise problem if problem is not None and _mentions(spec) else Missing(spec.entry)
    return fresh


def surroundings(namespace: dict[str, Any], context: Sequence[str]) -> dict[str, Any]:
    """The names around an answer as a new process would find them: data as copies, functions and classes of `context` defined afresh."""
    fresh = {name: _copied(value) for name, value in namespace.items()} if context else dict(namespace)
    for text in context:
        with contextlib.suppress(Exception):  # it ran once: what fails now, such as a request, is not what the answer needs
            tree = ast.parse(plain(text))
            tree.body = [statement for statement in tree.body if isinstance(statement, _DEFINITIONS)]
            exec(compile(tree, "<cell>", "exec", dont_inherit=True), fresh)
    return fresh


_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)
_DATA = (dict, list, set, bytearray, deque, defaultdict, Counter, OrderedDict)


def _copied(value: Any) -> Any:
    if type(value) not in _DATA:
        return value
    try:
        return copy.deepcopy(value)
    except Exception:
        return copy.copy(value)


def _mentions(spec: m.Spec) -> bool:
    """Whether the answer cells have the name in them at all: then what went wrong there is the reason that it is missing."""
    return any(spec.entry in text for text in spec.sources) or all("NotImplementedError" in text for text in spec.sources)


def _execute(text: str, name: str, namespace: dict[str, Any], entry: str) -> None:
    """Run what an answer cell defines, again. Its tries (calls of the answer, loose expressions, a top-level `await`) ran once already."""
    exec(_compiled(text, name, entry), namespace)


@functools.lru_cache(maxsize=64)
def _compiled(text: str, name: str, entry: str) -> CodeType:
    """What an answer cell defines, as code: it is the same for every trial, and what running it makes is not."""
    tree = ast.parse(plain(text), name)
    data, functions = _made_in(tree)
    tree.body = [one for one in tree.body if _defines(one, entry) or _changes(one, data, functions | {entry})]
    return compile(tree, name, "exec", dont_inherit=True)


MOST_WORK = 100_000
"""Characters of a cell times its lines in IPython's own syntax, up to which it is rewritten: for each, IPython reads the cell again."""


_OWN = re.compile(r"\s*[%!?].*|.*\?\s*|.*=\s*[%!].*")
"""A line in IPython's own syntax: a magic, a call of a shell, a question, or what one of the first two gives put under a name."""
_PASTED = re.compile(r"\s*(>>> |In \[\d+\]: )|\s*^[ \t]+\S", re.MULTILINE)
"""The beginning of a cell that was pasted with its prompts, or that is indented as a whole: a notebook runs both."""


def plain(text: str) -> str:
    """A cell without IPython's own syntax, where IPython is there to know it, and as it is where that would take too long."""
    text = _unpasted(text) if _PASTED.match(text) else text
    own = sum(_OWN.fullmatch(line) is not None for line in text.splitlines())
    if not 0 < own * len(text) <= MOST_WORK:
        return text
    try:
        from IPython.core.inputtransformer2 import TransformerManager

        transformed: str = TransformerManager().transform_cell(text)  # type: ignore[no-untyped-call]
    except Exception:  # IPython is not there, or the text is no cell
        return text
    return transformed


_CONTAINERS = frozenset(one.__name__ for one in _DATA)


def _made_in(tree: ast.Module) -> tuple[set[str], set[str]]:
    """The names that a cell gives to data and classes of its own, and those of its functions."""
    functions = {one.name for one in tree.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)}
    data = {one.name for one in tree.body if isinstance(one, ast.ClassDef)}
    for one in tree.body:
        if isinstance(one, ast.Assign | ast.AnnAssign) and _is_container(one.value):
            targets = one.targets if isinstance(one, ast.Assign) else [one.target]
            data |= {target.id for target in targets if isinstance(target, ast.Name)}
    return data, functions


def _is_container(value: ast.expr | None) -> bool:
    if isinstance(value, ast.Call):
        return isinstance(value.func, ast.Name) and value.func.id in _CONTAINERS
    return isinstance(value, ast.Dict | ast.List | ast.Set | ast.DictComp | ast.ListComp | ast.SetComp)


def _changes(statement: ast.stmt, data: set[str], functions: set[str]) -> bool:
    """Whether it is a loose expression that completes what the cell has made, such as `SETTINGS.update(...)` or `setattr(Lane, ...)`, and
    not a try: none of the cell's functions is called."""
    if not isinstance(statement, ast.Expr) or not isinstance(statement.value, ast.Call):
        return False
    func, args = statement.value.func, statement.value.args
    if isinstance(func, ast.Name) and func.id == "setattr" and args:
        changed: ast.expr = args[0]
        data = data | functions
    elif isinstance(func, ast.Attribute):
        changed = func.value
    else:
        return False
    inside = list(at_once(statement))
    calls = {node.func.id for node in inside if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    return root_of(changed) in data and calls.isdisjoint(functions) and not any(isinstance(node, ast.Await) for node in inside)


def at_once(statement: ast.AST) -> Iterator[ast.AST]:
    """What is evaluated when a statement runs: all of it but the bodies of functions."""
    waiting = [statement]
    while waiting:
        node = waiting.pop()
        yield node
        later = "body" if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) else ""
        for field, value in ast.iter_fields(node):
            if field != later:
                waiting += [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, ast.AST)]


def root_of(node: ast.expr) -> str:
    """The name that an attribute or an item begins with; empty if it begins with something else."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _unpasted(text: str) -> str:
    """A cell without the prompts and the indentation of all its lines that IPython takes away before anything else, line by line."""
    try:
        from IPython.core.inputtransformer2 import classic_prompt, ipython_prompt, leading_empty_lines, leading_indent
    except ImportError:
        return text
    lines = text.splitlines(keepends=True)
    for without in (leading_empty_lines, leading_indent, classic_prompt, ipython_prompt):
        lines = without(lines)  # type: ignore[no-untyped-call]
    return "".join(lines)


def _defines(statement: ast.stmt, entry: str) -> bool:
    """Whether it makes what the answer needs. What a magic or a shell gave is there already, if it was put under a name."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom):
        return True
    if isinstance(statement, ast.Expr):
        return False
    inside = list(at_once(statement))
    return not any(isinstance(node, ast.Await) for node in inside) and not any(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in (entry, "get_ipython") for node in inside
    )

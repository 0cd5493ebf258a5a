"""Operators of this trade: pages, orders, statuses, retries, pauses, deadlines, commits, keys, clients."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from autograder.mutation.edits import Edit, Operator, Source
from threadlab.wire.statuses import RUN_ENDS

STATUSES = (*RUN_ENDS, "queued", "in_progress", "requires_action", "cancelling")
WORDS = {"asc": "desc", "desc": "asc", "user": "assistant", "assistant": "user"}
MOMENTS = re.compile(r"deadline|until|max_wait|expires|budget_ends", re.IGNORECASE)
KEY = "idempotency-key"


def _text(node: ast.AST) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _method(node: ast.AST) -> str:
    return node.func.attr if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else ""


def pages(source: Source, node: ast.AST) -> Iterator[Edit]:
    """One page is read instead of all."""
    if isinstance(node, ast.For | ast.comprehension) and _method(node.iter) == "list" and not getattr(node, "is_async", 0):
        yield source.replaced("one page", node.iter, f"{source.of(node.iter)}.data")
    elif isinstance(node, ast.AsyncFor) and _method(node.iter) == "list":
        start, end = source.span(node)[0], source.span(node.iter)[1]
        yield Edit("one page", start, end, f"for {source.of(node.target)} in (await {source.of(node.iter)}).data")


def ends_of_lists(source: Source, node: ast.AST) -> Iterator[Edit]:
    """The first is taken for the last; the order of a list is turned round."""
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and node.slice.value == 0:
        yield source.replaced("last for first", node.slice, "-1")
    elif isinstance(node, ast.Subscript) and source.of(node.slice) == "-1":
        yield source.replaced("first for last", node.slice, "0")
    elif isinstance(node, ast.Constant) and _text(node) in WORDS:
        yield source.replaced("order or role", node, repr(WORDS[_text(node)]))


def statuses(source: Source, node: ast.AST) -> Iterator[Edit]:
    """A set of statuses has one member less, or one more."""
    if not isinstance(node, ast.Set | ast.Tuple | ast.List) or not node.elts:
        return
    members = [_text(one) for one in node.elts]
    if not all(one in STATUSES for one in members):
        return
    for member in members:
        yield source.replaced("status missing", node, "{" + ", ".join(repr(one) for one in members if one != member) + "}")
    for more in STATUSES:
        if more not in members:
            yield source.replaced("status added", node, "{" + ", ".join(map(repr, [*members, more])) + "}")


def one_status(source: Source, node: ast.AST) -> Iterator[Edit]:
    """One status is taken for another."""
    if isinstance(node, ast.Compare) and len(node.comparators) == 1 and _text(node.comparators[0]) in STATUSES:
        other = "failed" if _text(node.comparators[0]) == "completed" else "completed"
        yield source.replaced("other status", node.comparators[0], repr(other))


def retries(source: Source, node: ast.AST) -> Iterator[Edit]:
    """Retries have no bound, or there are none."""
    if isinstance(node, ast.For) and isinstance(node.iter, ast.Call) and source.of(node.iter.func) == "range":
        yield source.replaced("retry without a bound", node.iter, "iter(int, 1)")
        yield source.replaced("no retry", node.iter, "range(1)")


def sleeps(source: Source, node: ast.AST) -> Iterator[Edit]:
    """A pause is fixed, or none, or far too long."""
    if isinstance(node, ast.Call) and source.of(node.func).endswith("sleep") and len(node.args) == 1:
        for text in ("1", "0", "30"):
            if source.of(node.args[0]) != text:
                yield source.replaced("pause", node.args[0], text)


def deadlines(source: Source, node: ast.AST) -> Iterator[Edit]:
    """A deadline is looked at too late, or too early."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and MOMENTS.search(node.id):
        for by in ("+ 15", "- 15"):
            yield source.replaced("deadline", node, f"({node.id} {by})")


def commits(source: Source, node: ast.AST) -> Iterator[Edit]:
    """A commit comes a statement earlier or later, or is a flush."""
    if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call | ast.Await)):
        return
    call = node.value.value if isinstance(node.value, ast.Await) else node.value
    if _method(call) != "commit":
        return
    assert isinstance(call, ast.Call)
    yield source.replaced("flush for commit", call.func, source.of(call.func).removesuffix("commit") + "flush")
    block, indent = source.block(node), "\n" + " " * node.col_offset
    at = block.index(node)
    if at > 0:
        yield source.between("commit earlier", block[at - 1], node, source.of(node) + indent + source.of(block[at - 1]))
    if at + 1 < len(block):
        yield source.between("commit later", node, block[at + 1], source.of(block[at + 1]) + indent + source.of(node))


def transactions(source: Source, node: ast.AST) -> Iterator[Edit]:
    """A transaction is begun and never committed."""
    if isinstance(node, ast.withitem) and _method(node.context_expr) == "begin" and isinstance(node.context_expr, ast.Call):
        target = source.of(node.context_expr.func)
        yield source.replaced("no commit", node.context_expr.func, target.removesuffix("begin") + "connect")


def keys(source: Source, node: ast.AST) -> Iterator[Edit]:
    """An idempotency key is always new, or always the same."""
    if not isinstance(node, ast.Dict):
        return
    for name, value in zip(node.keys, node.values, strict=True):
        if name is not None and _text(name).lower() == KEY:
            yield source.replaced("key is always new", value, "__import__('uuid').uuid4().hex")
            yield source.replaced("key is always the same", value, "'key'")


def clients(source: Source, node: ast.AST) -> Iterator[Edit]:
    """The client repeats nothing by itself."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and source.parents[node] is source.tree:
        arguments = [one.arg for one in node.args.args if one.arg == "client"]
        body = node.body[0]
        if arguments and not isinstance(body, ast.Pass):
            start = source.span(body)[0]
            line = "client = client.with_options(max_retries=0)\n" + " " * body.col_offset
            yield Edit("max_retries=0", start, start, line)


def memory(source: Source, node: ast.AST) -> Iterator[Edit]:
    """What an object remembers is kept in a global, and shared by all objects of the process."""
    if isinstance(node, ast.Dict | ast.List) and not ast.unparse(node).strip("{}[]"):
        parent = source.parents[node]
        if isinstance(parent, ast.Assign) and isinstance(parent.targets[0], ast.Attribute):
            name = f"_{parent.targets[0].attr}"
            yield source.replaced("module global", node, f"globals().setdefault({name!r}, {source.of(node)})")


def gathered(source: Source, node: ast.AST) -> Iterator[Edit]:
    """The errors of what goes on at the same time are swallowed."""
    if isinstance(node, ast.Call) and source.of(node.func).endswith("gather") and not node.keywords and node.args:
        end = source.span(node.args[-1])[1]
        yield Edit("errors gathered", end, end, ", return_exceptions=True")


OPERATORS: tuple[Operator, ...] = (
    pages,
    ends_of_lists,
    statuses,
    one_status,
    retries,
    sleeps,
    deadlines,
    commits,
    transactions,
    keys,
    clients,
    memory,
    gathered,
)

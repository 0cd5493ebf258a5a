"""Operators for any Python: comparisons, constants, statements, arguments, `await`, `except`, loops, defaults."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from autograder.mutation.edits import Edit, Operator, Source

COMPARISONS: dict[type[ast.cmpop], tuple[str, ...]] = {
    ast.Eq: ("!=",),
    ast.NotEq: ("==",),
    ast.Lt: ("<=", ">="),
    ast.LtE: ("<", ">"),
    ast.Gt: (">=", "<="),
    ast.GtE: (">", "<"),
    ast.In: ("not in",),
    ast.NotIn: ("in",),
    ast.Is: ("is not",),
    ast.IsNot: ("is",),
}
ARITHMETIC: dict[type[ast.operator], str] = {ast.Add: "-", ast.Sub: "+", ast.Mult: "/", ast.Div: "*", ast.FloorDiv: "/", ast.Mod: "//"}
EITHER_WAY = ("min", "max", "uniform", "isinstance", "gather")
"""Functions whose first two arguments may change places without a change, or must not."""
FUNCTIONS = {"min": "max", "max": "min", "any": "all", "all": "any", "sorted": "list", "reversed": "list", "set": "list"}

ISLICE = "__import__('itertools').islice"
"""A slice of what may have no end (`itertools.count()`): a list of it would take all the memory there is."""


def comparison(source: Source, node: ast.AST) -> Iterator[Edit]:
    """`<` becomes `<=`, `in` becomes `not in`, and so on."""
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        left, right = source.of(node.left), source.of(node.comparators[0])
        for other in COMPARISONS[type(node.ops[0])]:
            yield source.replaced("comparison", node, f"{left} {other} {right}")


def logic(source: Source, node: ast.AST) -> Iterator[Edit]:
    """`and` becomes `or`, a part of it is left out, `not` goes."""
    if isinstance(node, ast.BoolOp):
        word = " or " if isinstance(node.op, ast.And) else " and "
        yield source.replaced("logic", node, "(" + word.join(source.of(value) for value in node.values) + ")")
        for operand in node.values:
            yield source.replaced("logic", node, f"({source.of(operand)})")
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield source.replaced("logic", node, f"({source.of(node.operand)})")


def constant(source: Source, node: ast.AST) -> Iterator[Edit]:
    """Numbers grow or vanish, truth turns round."""
    if not isinstance(node, ast.Constant) or isinstance(node.value, str | bytes) or node.value is None or node.value is ...:
        return
    if isinstance(node.value, bool):
        yield source.replaced("constant", node, str(not node.value))
    elif isinstance(node.value, int | float):
        for other in dict.fromkeys((node.value + 1, node.value - 1, node.value * 3)):
            if other != node.value:
                yield source.replaced("constant", node, repr(other) if other >= 0 else f"({other!r})")


def arithmetic(source: Source, node: ast.AST) -> Iterator[Edit]:
    """`+` becomes `-`, `*` becomes `/`; one side is left out."""
    if isinstance(node, ast.BinOp) and type(node.op) in ARITHMETIC:
        left, right = source.of(node.left), source.of(node.right)
        yield source.replaced("arithmetic", node, f"({left} {ARITHMETIC[type(node.op)]} {right})")
        yield source.replaced("arithmetic", node, f"({left})")


def function(source: Source, node: ast.AST) -> Iterator[Edit]:
    """`min` becomes `max`, `sorted` becomes `list`."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FUNCTIONS:
        yield source.replaced("function", node.func, FUNCTIONS[node.func.id])


def deleted_statement(source: Source, node: ast.AST) -> Iterator[Edit]:
    """A statement is left out."""
    kinds = (ast.Expr, ast.Assign, ast.AugAssign, ast.Raise, ast.Delete, ast.Return)
    if isinstance(node, kinds) and not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
        yield source.replaced("deleted statement", node, "pass")


def condition(source: Source, node: ast.AST) -> Iterator[Edit]:
    """An `if` always holds, or never."""
    if isinstance(node, ast.If | ast.IfExp):
        for value in ("True", "False"):
            yield source.replaced("condition", node.test, value)
    elif isinstance(node, ast.comprehension):
        for test in node.ifs:
            yield source.replaced("condition", test, "True")


def arguments(source: Source, node: ast.AST) -> Iterator[Edit]:
    """Two arguments change places; a named one is left out."""
    if not isinstance(node, ast.Call):
        return
    name = source.of(node.func).rpartition(".")[2]
    if len(node.args) >= 2 and name not in EITHER_WAY and not any(isinstance(one, ast.Starred) for one in node.args[:2]):
        first, second = node.args[:2]
        yield source.between("arguments", first, second, f"{source.of(second)}, {source.of(first)}")
    everything: list[ast.AST] = [*node.args, *node.keywords]
    for keyword in node.keywords:
        rest = ", ".join(source.of(one) for one in everything if one is not keyword)
        yield source.between("argument left out", everything[0], everything[-1], rest)


def no_await(source: Source, node: ast.AST) -> Iterator[Edit]:
    """An `await` is forgotten."""
    if isinstance(node, ast.Await):
        yield source.replaced("no await", node, source.of(node.value))


def exceptions(source: Source, node: ast.AST) -> Iterator[Edit]:
    """An `except` catches more, or less, or nothing."""
    if not isinstance(node, ast.ExceptHandler):
        return
    first = node.body[0]
    yield Edit("except removed", *(source.span(first)[0],) * 2, "raise\n" + " " * first.col_offset)
    if node.type is None:
        return
    yield source.replaced("except widened", node.type, "Exception")
    if isinstance(node.type, ast.Tuple):
        for left_out in node.type.elts:
            rest = [source.of(one) for one in node.type.elts if one is not left_out]
            yield source.replaced("except narrowed", node.type, f"({', '.join(rest)},)")


def loops(source: Source, node: ast.AST) -> Iterator[Edit]:
    """`break` and `continue` change places; a loop sees its first round only."""
    if isinstance(node, ast.Break):
        yield source.replaced("loop", node, "continue")
    elif isinstance(node, ast.Continue):
        yield source.replaced("loop", node, "break")
    elif isinstance(node, ast.For):
        yield source.replaced("loop", node.iter, f"{ISLICE}({source.of(node.iter)}, 1)")
        yield source.replaced("loop", node.iter, f"{ISLICE}({source.of(node.iter)}, 1, None)")


def returned(source: Source, node: ast.AST) -> Iterator[Edit]:
    """Nothing is returned."""
    if isinstance(node, ast.Return) and node.value is not None and not isinstance(node.value, ast.Constant):
        yield source.replaced("returned", node.value, "None")


def context(source: Source, node: ast.AST) -> Iterator[Edit]:
    """A lock, a semaphore, a `suppress` is not there."""
    if isinstance(node, ast.With | ast.AsyncWith) and all(item.optional_vars is None for item in node.items):
        start, end = source.span(node)[0], source.span(node.items[-1].context_expr)[1]
        yield Edit("context", start, end, "if True")


OPERATORS: tuple[Operator, ...] = (
    comparison,
    logic,
    constant,
    arithmetic,
    function,
    deleted_statement,
    condition,
    arguments,
    no_await,
    exceptions,
    loops,
    returned,
    context,
)

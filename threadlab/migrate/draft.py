"""A first draft of the change, as a patch: what is mechanical is written, what a person must decide is marked.

Mechanical is what has one counterpart that takes the same things: threads that are created, read, changed and deleted, and messages that
are listed, added and deleted, where the call says `….beta.threads…` itself. Everything else gets a comment `MIGRATE:` above its line.
"""

from __future__ import annotations

import difflib
import io
from collections.abc import Sequence

from threadlab.errors import ThreadlabError
from threadlab.migrate.python_uses import uses

try:
    import libcst as cst
    from libcst import matchers as m
    from libcst.metadata import MetadataWrapper, PositionProvider
except ImportError:
    raise ThreadlabError("drafting a change needs the extra `scan`: python -m pip install 'threads-course[scan]'") from None

MARK = "MIGRATE:"
UNDRAFTED = (cst.ParserSyntaxError, cst.CSTValidationError)
"""What `draft` raises for Python that libcst does not know."""
_RENAMED: dict[tuple[str, ...], tuple[str, ...]] = {
    ("threads", "create"): ("conversations", "create"),
    ("threads", "retrieve"): ("conversations", "retrieve"),
    ("threads", "update"): ("conversations", "update"),
    ("threads", "delete"): ("conversations", "delete"),
    ("threads", "messages", "list"): ("conversations", "items", "list"),
    ("threads", "messages", "create"): ("conversations", "items", "create"),
    ("threads", "messages", "delete"): ("conversations", "items", "delete"),
}
_KEYWORDS = {"thread_id": "conversation_id", "message_id": "item_id"}
_TAKES: dict[tuple[str, ...], frozenset[str]] = {
    ("threads", "create"): frozenset({"messages", "metadata"}),
    ("threads", "retrieve"): frozenset({"thread_id"}),
    ("threads", "update"): frozenset({"thread_id", "metadata"}),
    ("threads", "delete"): frozenset({"thread_id"}),
    ("threads", "messages", "list"): frozenset({"thread_id", "limit", "order", "after"}),
    ("threads", "messages", "create"): frozenset({"thread_id", "role", "content"}),
    ("threads", "messages", "delete"): frozenset({"message_id", "thread_id"}),
}
"""Keywords that have a counterpart; a call with another one is marked."""


def draft(source: str, path: str = "code.py") -> str:
    """The change as a unified diff; empty if there is nothing to change. Raises SyntaxError for what is not Python."""
    byte_order = "\ufeff" if source.startswith("\ufeff") else ""
    changed = byte_order + rewritten(source.removeprefix(byte_order))
    patch = difflib.unified_diff(_lines(source), _lines(changed), f"a/{path.lstrip('/')}", f"b/{path.lstrip('/')}")
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in patch)


def _lines(text: str) -> list[str]:
    """The lines as Python and `patch` count them, with their ends: a form feed ends none."""
    return io.StringIO(text, newline="").readlines()


def rewritten(source: str) -> str:
    """The source as it would be after the change."""
    wrapper = MetadataWrapper(cst.parse_module(source))
    rewriter = _Rewriter()
    changed = wrapper.visit(rewriter).code
    by_line: dict[int, list[str]] = {}
    for one in uses(source):
        if (one.line, one.column) not in rewriter.done:
            by_line.setdefault(one.line, []).append(f"{one.call} → {one.replacement}")
    return _marked(source, changed, by_line)


def _marked(source: str, changed: str, by_line: dict[int, list[str]]) -> str:
    """Comments above the lines that a person has to look at. The rewriting keeps the number of lines."""
    lines, old = _lines(changed), [line.rstrip("\r\n") for line in _lines(source)]
    if len(lines) != len(old):
        return changed  # never with what is rewritten here, and then a draft without marks is better than marks in wrong places
    for number in sorted(by_line, reverse=True):
        at = _statement_line(old, number)
        indent = old[at - 1][: len(old[at - 1]) - len(old[at - 1].lstrip())]
        end = "\r\n" if lines[at - 1].endswith("\r\n") else "\n"
        lines[at - 1 : at - 1] = [f"{indent}# {MARK} {text}{end}" for text in dict.fromkeys(by_line[number])]
    return "".join(lines)


def _statement_line(lines: Sequence[str], number: int) -> int:
    """The line at which the statement begins that a line is in: a comment inside of brackets is allowed, and harder to see."""
    import ast

    best = number
    for node in ast.walk(ast.parse("\n".join(lines))):
        if isinstance(node, ast.stmt) and not hasattr(node, "body") and node.lineno <= number <= (node.end_lineno or node.lineno):
            best = min(best, node.lineno)
    return best


class _Rewriter(m.MatcherDecoratableTransformer):
    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self) -> None:
        super().__init__()
        self.done: set[tuple[int, int]] = set()
        """Where the calls are that were rewritten: line and column, as `uses` counts them."""

    def leave_Call(  # noqa: N802  # libcst's name
        self, original_node: cst.Call, updated_node: cst.Call
    ) -> cst.BaseExpression:
        names, root = _chain(original_node.func)
        at = next((index for index, name in enumerate(names) if name == "beta"), None)
        path = tuple(names[at + 1 :]) if at is not None else ()
        keywords = {one.keyword.value for one in original_node.args if one.keyword is not None}
        if (
            root is None
            or at is None
            or path not in _RENAMED
            or not keywords <= _TAKES[path]
            or any(one.star for one in original_node.args)
        ):
            return updated_node
        arguments = _arguments(path, updated_node.args)
        if arguments is None:
            return updated_node
        position = self.get_metadata(PositionProvider, original_node.func)
        self.done.add((position.start.line, position.start.column + 1))
        function = _without(updated_node.func, at, len(names))
        for name in _RENAMED[path]:
            function = cst.Attribute(function, cst.Name(name))
        return updated_node.with_changes(func=function, args=arguments)


def _chain(node: cst.BaseExpression) -> tuple[list[str], cst.BaseExpression | None]:
    """`a.b.c` as its attributes `["b", "c"]`, and what they hang on."""
    names: list[str] = []
    while isinstance(node, cst.Attribute):
        names.append(node.attr.value)
        node = node.value
    return names[::-1], node


def _without(node: cst.BaseExpression, at: int, count: int) -> cst.BaseExpression:
    """The expression before the attribute with the number `at`."""
    for _ in range(count - at):
        assert isinstance(node, cst.Attribute)
        node = node.value
    return node


def _arguments(path: tuple[str, ...], given: Sequence[cst.Arg]) -> list[cst.Arg] | None:
    """The arguments of the counterpart; None if that cannot be told."""
    if path == ("threads", "messages", "create"):
        return _item(given)
    changed: list[cst.Arg] = []
    for one in given:
        name = one.keyword.value if one.keyword is not None else None
        if name == "messages":
            name = "items"
        elif name in _KEYWORDS:
            name = _KEYWORDS[name]
        changed.append(one if name is None else one.with_changes(keyword=cst.Name(name)))
    return changed


def _item(given: Sequence[cst.Arg]) -> list[cst.Arg] | None:
    """`role=` and `content=` become one item of a list."""
    thread_args = [one for one in given if one.keyword is None or one.keyword.value == "thread_id"]
    fields = {one.keyword.value: one.value for one in given if one.keyword is not None}
    if len(thread_args) != 1 or not {"role", "content"} <= fields.keys():
        return None
    pairs = [cst.DictElement(cst.SimpleString(f'"{name}"'), fields[name]) for name in ("role", "content")]
    comma = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
    equal = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
    first = thread_args[0].with_changes(comma=comma, keyword=cst.Name("conversation_id") if thread_args[0].keyword is not None else None)
    items = cst.List([cst.Element(cst.Dict(pairs))])
    last = cst.Arg(items, keyword=cst.Name("items"), equal=equal, whitespace_after_arg=given[-1].whitespace_after_arg)
    return [first, last]

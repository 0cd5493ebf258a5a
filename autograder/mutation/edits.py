"""An edit of a piece of Python, and where it goes: the text around it, comments included, stays as it was written."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeAlias


class Edit(NamedTuple):
    """Bytes `start` to `end` of a source become `text`."""

    operator: str
    start: int
    end: int
    text: str


class Source:
    """A piece of Python with its tree, and where each node stands in its text (as UTF-8, which is how `ast` counts)."""

    def __init__(self, text: str) -> None:
        self.text, self.data = text, text.encode()
        self.tree = ast.parse(text)
        self._lines = [0]
        for line in self.data.splitlines(keepends=True):
            self._lines.append(self._lines[-1] + len(line))
        self.parents: dict[ast.AST, ast.AST] = {}
        self.nodes: list[ast.AST] = []
        self._look(self.tree)

    def _look(self, node: ast.AST) -> None:
        self.nodes.append(node)
        if isinstance(node, ast.JoinedStr):  # until Python 3.12 what is in it has no place in the text
            return
        for child in ast.iter_child_nodes(node):
            self.parents[child] = node
            self._look(child)

    def span(self, node: ast.AST) -> tuple[int, int]:
        """Where a node begins and ends, in bytes."""
        line, column, end_line, end_column = (getattr(node, name) for name in ("lineno", "col_offset", "end_lineno", "end_col_offset"))
        return self._lines[line - 1] + column, self._lines[end_line - 1] + end_column

    def of(self, node: ast.AST) -> str:
        """The text of a node."""
        start, end = self.span(node)
        return self.data[start:end].decode()

    def replaced(self, operator: str, node: ast.AST, text: str) -> Edit:
        """The edit that puts `text` in the place of a node."""
        return Edit(operator, *self.span(node), text)

    def between(self, operator: str, first: ast.AST, last: ast.AST, text: str) -> Edit:
        """The edit that replaces everything from the beginning of a node to the end of another."""
        return Edit(operator, self.span(first)[0], self.span(last)[1], text)

    def applied(self, edit: Edit) -> str:
        return (self.data[: edit.start] + edit.text.encode() + self.data[edit.end :]).decode()

    def block(self, statement: ast.stmt) -> list[ast.stmt]:
        """The block that a statement stands in."""
        for _, value in ast.iter_fields(self.parents[statement]):
            if isinstance(value, list) and statement in value:
                return value
        return [statement]


Operator: TypeAlias = Callable[[Source, ast.AST], Iterator[Edit]]
"""Looks at one node, and says what could be changed there."""

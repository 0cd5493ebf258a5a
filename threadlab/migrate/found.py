"""What a scan reports."""

from typing import Literal, TypeAlias

import msgspec

Kind: TypeAlias = Literal["call", "handler", "wrapper", "http"]
"""A call of the SDK; a class of its event handlers; somebody else's class or function that makes such calls; a request by its address."""


class Found(msgspec.Struct, frozen=True):
    """One use of the Assistants API."""

    path: str
    line: int
    """In a notebook: of the cell."""
    column: int
    call: str
    """Such as `beta.threads.runs.create`, or the name of the class or function, or the path of the request."""
    replacement: str
    kind: Kind = "call"
    cell: int = 0
    """In a notebook: the number of the cell, from 1."""

    @property
    def place(self) -> str:
        return f"{self.path}:cell {self.cell}:{self.line}:{self.column}" if self.cell else f"{self.path}:{self.line}:{self.column}"

    def __str__(self) -> str:
        return f"{self.place}: {self.call} → {self.replacement}"


class Unread(msgspec.Struct, frozen=True):
    """A file that could not be read as what its name says it is."""

    path: str
    reason: str


class Report(msgspec.Struct, frozen=True):
    files: int
    found: list[Found]
    unread: list[Unread]

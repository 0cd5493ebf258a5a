"""What the engine needs of a place to keep things: one narrow protocol.

The engine calls nothing but `Store`. All stores give the same answers in the same order; memory alone does not survive the process.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

import msgspec

from threadlab.store.records import Row

SCHEMA_VERSION = 1


class Query(msgspec.Struct, frozen=True):
    """A page of objects of one kind under one parent, in order of creation."""

    kind: str
    project: str
    parent: str = ""
    run_id: str = ""
    after: int | None = None
    """Only rows created later than this `seq`."""
    before: int | None = None
    """Only rows created earlier than this `seq`."""
    limit: int = 100
    newest_first: bool = False


class Store(Protocol):
    """What the engine needs of a place to keep things."""

    def transaction(self, *, later: bool = False) -> AbstractContextManager[None]:
        """All changes inside happen together; once it has ended they survive the death of the process and of the machine (in a file).

        Inside another one it is a part of it: undone alone if it fails, and safe only once the outer one has ended. With `later` nobody
        waits for the disk: the changes survive the death of the process, but perhaps not a power cut.
        """

    def next_seq(self) -> int:
        """A number larger than every one given before."""

    def put(self, row: Row) -> None:
        """Keep a row, in place of the one with the same id."""

    def get(self, object_id: str) -> Row | None: ...

    def remove(self, object_id: str) -> None: ...

    def remove_below(self, parent: str) -> None:
        """Remove every row whose parent this is."""

    def page(self, query: Query) -> list[Row]: ...

    def count(self, kind: str, project: str, parent: str) -> int: ...

    def tokens(self, project: str, thread_id: str) -> int:
        """Sum of `tokens` over the messages of a thread, without reading them."""

    def unfinished(self) -> list[Row]:
        """The runs that are not over."""

    def close(self) -> None: ...

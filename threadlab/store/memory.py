"""A store in memory: gone with the process."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator, Set
from contextlib import contextmanager

from threadlab.store.protocol import Query
from threadlab.store.records import Row


class MemoryStore:
    """Rows in dictionaries, with an index a list can be read from without looking at the rest."""

    def __init__(self) -> None:
        self._rows: dict[str, Row] = {}
        self._index: dict[tuple[str, ...], list[tuple[int, str]]] = {}
        self._tokens: dict[tuple[str, str], int] = {}
        self._children: dict[str, set[str]] = {}
        self._planned: dict[str, None] = {}
        self._before: list[tuple[str, Row | None]] | None = None
        """Inside a transaction: what to put back, should it fail."""
        self._seq = 0

    def clone(self) -> MemoryStore:
        """A store that holds the same and goes its own way from here."""
        other = MemoryStore()
        other._rows = dict(self._rows)
        other._index = {key: list(entries) for key, entries in self._index.items()}
        other._tokens = dict(self._tokens)
        other._children = {key: set(ids) for key, ids in self._children.items()}
        other._planned = dict(self._planned)
        other._seq = self._seq
        return other

    @contextmanager
    def transaction(self, *, later: bool = False) -> Iterator[None]:
        outer, before = self._before, list[tuple[str, Row | None]]()
        self._before = before
        try:
            yield
        except BaseException:
            self._before = None
            for object_id, row in reversed(before):
                self.remove(object_id)
                if row is not None:
                    self.put(row)
            before.clear()
            raise
        finally:
            self._before = outer
            if outer is not None:
                outer += before

    def next_seq(self) -> int:
        self._seq += 1
        return self._seq

    def put(self, row: Row) -> None:
        old = self._rows.get(row.id)
        if self._before is not None:
            self._before.append((row.id, old))
        self._rows[row.id] = row
        if old is None:
            for key in _keys(row):
                insort(self._index.setdefault(key, []), (row.seq, row.id))
            if row.parent:
                self._children.setdefault(row.parent, set()).add(row.id)
        change = row.tokens - (old.tokens if old else 0)
        if change:
            key = (row.project, row.parent)
            self._tokens[key] = self._tokens.get(key, 0) + change
        if row.plan is not None:
            self._planned[row.id] = None
        else:
            self._planned.pop(row.id, None)

    def ids(self) -> Set[str]:
        """Of everything that is kept."""
        return self._rows.keys()

    def get(self, object_id: str) -> Row | None:
        return self._rows.get(object_id)

    def remove(self, object_id: str) -> None:
        row = self._rows.pop(object_id, None)
        if row is None:
            return
        if self._before is not None:
            self._before.append((object_id, row))
        for key in _keys(row):
            entries = self._index[key]
            del entries[bisect_left(entries, (row.seq, row.id))]
        self._children.get(row.parent, set()).discard(object_id)
        if row.tokens:
            self._tokens[row.project, row.parent] -= row.tokens
        self._planned.pop(object_id, None)

    def remove_below(self, parent: str) -> None:
        for child in tuple(self._children.pop(parent, ())):
            self.remove_below(child)
            self.remove(child)

    def page(self, query: Query) -> list[Row]:
        key = (query.kind, query.project, query.parent, query.run_id) if query.run_id else (query.kind, query.project, query.parent)
        entries = self._index.get(key, [])
        low = bisect_left(entries, (query.after + 1, "")) if query.after is not None else 0
        high = bisect_left(entries, (query.before, "")) if query.before is not None else len(entries)
        entries_of_page = (
            entries[max(low, high - query.limit) : high][::-1] if query.newest_first else entries[low : min(high, low + query.limit)]
        )
        return [self._rows[object_id] for _, object_id in entries_of_page]

    def count(self, kind: str, project: str, parent: str) -> int:
        return len(self._index.get((kind, project, parent), ()))

    def tokens(self, project: str, thread_id: str) -> int:
        return self._tokens.get((project, thread_id), 0)

    def unfinished(self) -> list[Row]:
        return [self._rows[object_id] for object_id in self._planned]

    def close(self) -> None:
        pass


def _keys(row: Row) -> Iterator[tuple[str, ...]]:
    yield (row.kind, row.project, row.parent)
    if row.run_id:
        yield (row.kind, row.project, row.parent, row.run_id)

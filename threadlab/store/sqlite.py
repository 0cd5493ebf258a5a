"""Where the service keeps its objects: in memory, in one SQLite file, or in PostgreSQL, behind one narrow protocol.

The engine calls nothing but `Store`. All stores give the same answers in the same order; memory alone does not survive the process.
"""

import sqlite3
from bisect import bisect_left, insort
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import msgspec

from threadlab.errors import StoreBroken, StoreBusy
from threadlab.store.records import Plan, Row, Stored

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

    def clone(self) -> "MemoryStore":
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
        chosen = entries[max(low, high - query.limit) : high][::-1] if query.newest_first else entries[low : min(high, low + query.limit)]
        return [self._rows[object_id] for _, object_id in chosen]

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


_SCHEMA = f"""
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS rows (
    id TEXT PRIMARY KEY, kind TEXT NOT NULL, project TEXT NOT NULL, parent TEXT NOT NULL, seq INTEGER NOT NULL,
    run_id TEXT NOT NULL, tokens INTEGER NOT NULL, body BLOB NOT NULL, plan BLOB) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS by_parent ON rows (kind, project, parent, seq);
CREATE INDEX IF NOT EXISTS by_run ON rows (kind, project, parent, run_id, seq) WHERE run_id != '';
CREATE INDEX IF NOT EXISTS below ON rows (parent) WHERE parent != '';
CREATE INDEX IF NOT EXISTS by_seq ON rows (seq);
CREATE INDEX IF NOT EXISTS planned ON rows (seq) WHERE plan IS NOT NULL;
CREATE TABLE IF NOT EXISTS totals (
    kind TEXT NOT NULL, project TEXT NOT NULL, parent TEXT NOT NULL, count INTEGER NOT NULL, tokens INTEGER NOT NULL,
    PRIMARY KEY (kind, project, parent)) WITHOUT ROWID;
PRAGMA user_version = {SCHEMA_VERSION};
COMMIT;
"""
_OUTER = ("BEGIN IMMEDIATE", "COMMIT", ("ROLLBACK",))
_INNER = ("SAVEPOINT part", "RELEASE part", ("ROLLBACK TO part", "RELEASE part"))
COLUMNS = "id, kind, project, parent, seq, run_id, tokens, body, plan"
_INSERT = f"INSERT INTO rows ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
_UPDATE = "UPDATE rows SET run_id = ?, tokens = ?, body = ?, plan = ? WHERE id = ?"
_encode = msgspec.json.encode
_decode_body = msgspec.json.Decoder(Stored).decode
_decode_plan = msgspec.json.Decoder(Plan).decode


class SqliteStore:
    """Rows in one SQLite file (write-ahead log), owned by one process at a time.

    Raises StoreBusy when another process has it, StoreBroken when the file is not a store or cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._depth = 0
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=0.2)
            try:
                self._seq = self._set_up()
            except BaseException:
                self._db.close()
                raise
        except sqlite3.OperationalError as error:
            if "locked" in str(error) or "busy" in str(error):
                raise StoreBusy(f"{path} is in use by another process; stop that one, or name another file.") from None
            raise StoreBroken(f"{path} cannot be opened as a store: {error}. Check that its folder exists and is writable.") from None
        except sqlite3.DatabaseError as error:
            raise StoreBroken(f"{path} is not a store: {error}. Name another file, or move this one away.") from None
        except OSError as error:
            raise StoreBroken(f"{path} cannot be opened as a store: {error.strerror or error}.") from None

    def _set_up(self) -> int:
        """Take the file for this process, make what is not there; the largest `seq` in it."""
        self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        tables = self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if version > SCHEMA_VERSION or (version == 0 and tables):
            raise StoreBroken(f"{self.path} is not a store that this version can read; name another file, or move this one away.")
        self._db.executescript(_SCHEMA)  # in one transaction: a kill in the middle leaves no half of a store
        return int(self._db.execute("SELECT coalesce(max(seq), 0) FROM rows").fetchone()[0])

    @contextmanager
    def transaction(self, *, later: bool = False) -> Iterator[None]:
        if later and not self._depth:
            self._db.execute("PRAGMA synchronous = NORMAL")
            try:
                with self.transaction():
                    yield
            finally:
                self._db.execute("PRAGMA synchronous = FULL")
            return
        begin, keep, undo = _INNER if self._depth else _OUTER
        self._db.execute(begin)
        self._depth += 1
        try:
            yield
        except BaseException:
            for statement in undo:
                self._db.execute(statement)
            raise
        else:
            self._db.execute(keep)
        finally:
            self._depth -= 1

    def next_seq(self) -> int:
        self._seq += 1
        return int(self._seq)

    def put(self, row: Row) -> None:
        old = self._db.execute("SELECT tokens FROM rows WHERE id = ?", (row.id,)).fetchone()
        plan = _encode(row.plan) if row.plan is not None else None
        if old is not None:  # what cannot change is not written again: that would touch every index
            self._db.execute(_UPDATE, (row.run_id, row.tokens, _encode(row.body), plan, row.id))
        else:
            self._db.execute(_INSERT, (row.id, row.kind, row.project, row.parent, row.seq, row.run_id, row.tokens, _encode(row.body), plan))
        self._total(row, 0 if old else 1, row.tokens - (old[0] if old else 0))

    def _total(self, row: Row, count: int, tokens: int) -> None:
        if row.parent and (count or tokens):
            self._db.execute(
                "INSERT INTO totals VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE "
                "SET count = count + excluded.count, tokens = tokens + excluded.tokens",
                (row.kind, row.project, row.parent, count, tokens),
            )

    def get(self, object_id: str) -> Row | None:
        found = self._db.execute(f"SELECT {COLUMNS} FROM rows WHERE id = ?", (object_id,)).fetchone()
        return row_of(found) if found else None

    def remove(self, object_id: str) -> None:
        row = self.get(object_id)
        if row is not None:
            self._db.execute("DELETE FROM rows WHERE id = ?", (object_id,))
            self._total(row, -1, -row.tokens)

    def remove_below(self, parent: str) -> None:
        grandparents = "SELECT id FROM rows WHERE parent = ?"
        for table in ("rows", "totals"):
            self._db.execute(f"DELETE FROM {table} WHERE parent IN ({grandparents})", (parent,))
        for table in ("rows", "totals"):
            self._db.execute(f"DELETE FROM {table} WHERE parent = ?", (parent,))

    def page(self, query: Query) -> list[Row]:
        where, values = ["kind = ?", "project = ?", "parent = ?"], [query.kind, query.project, query.parent]
        rest: list[tuple[str, str | int | None]] = [
            ("run_id = ? AND run_id != ''", query.run_id or None),
            ("seq > ?", query.after),
            ("seq < ?", query.before),
        ]
        given = [(clause, value) for clause, value in rest if value is not None]
        order = "DESC" if query.newest_first else "ASC"
        sql = f"SELECT {COLUMNS} FROM rows WHERE {' AND '.join(where + [c for c, _ in given])} ORDER BY seq {order} LIMIT ?"
        return [row_of(found) for found in self._db.execute(sql, (*values, *(v for _, v in given), query.limit))]

    def count(self, kind: str, project: str, parent: str) -> int:
        return self._sum("count", kind, project, parent)

    def tokens(self, project: str, thread_id: str) -> int:
        return self._sum("tokens", "thread.message", project, thread_id)

    def _sum(self, column: str, *key: str) -> int:
        found = self._db.execute(f"SELECT {column} FROM totals WHERE kind = ? AND project = ? AND parent = ?", key).fetchone()
        return int(found[0]) if found else 0

    def unfinished(self) -> list[Row]:
        return [row_of(found) for found in self._db.execute(f"SELECT {COLUMNS} FROM rows WHERE plan IS NOT NULL ORDER BY seq")]

    def close(self) -> None:
        self._db.close()


def row_of(found: Sequence[Any]) -> Row:
    """A row from its COLUMNS, as a database gives them."""
    object_id, kind, project, parent, seq, run_id, tokens, body, plan = found
    decoded = _decode_plan(plan) if plan is not None else None
    return Row(object_id, kind, project, parent, seq, _decode_body(body), run_id, tokens, decoded)


def is_address(place: Path | str | None) -> bool:
    """Whether a place to keep things is a database server's, and not a file."""
    return isinstance(place, str) and place.startswith(("postgresql://", "postgres://"))


def place_shown(place: Path | str | None) -> str:
    """A place as people may see it: a server's address without a password."""
    if not is_address(place):
        return str(place or "memory")
    parts = urlsplit(str(place))
    user = f"{parts.username}@" if parts.username else ""
    return f"{parts.scheme}://{user}{parts.netloc.rpartition('@')[2]}{parts.path}"


def open_store(place: Path | str | None) -> Store:
    """A store in the file at `place`, made if it is not there, in the PostgreSQL database at postgresql://..., or in memory for None.

    Raises StoreBusy or StoreBroken (both ThreadlabError), each with a sentence.
    """
    if place is None:
        return MemoryStore()
    if not is_address(place):
        return SqliteStore(Path(place))
    try:
        from threadlab.store.postgresql import PostgresStore  # here, because its driver is an extra
    except ImportError:
        raise StoreBroken(
            "A store in PostgreSQL needs its driver, psycopg. In the course's folder: "
            "python -m pip install -c constraints.txt -e '.[postgresql]'"
        ) from None
    return PostgresStore(str(place))

"""A store in one SQLite file."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from threadlab.errors import StoreBroken, StoreBusy
from threadlab.store.protocol import SCHEMA_VERSION, Query
from threadlab.store.records import Row
from threadlab.store.row_format import COLUMNS, encode, row_of

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
_INSERT = f"INSERT INTO rows ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
_UPDATE = "UPDATE rows SET run_id = ?, tokens = ?, body = ?, plan = ? WHERE id = ?"


LOG_PAGES = 8000
"""Pages of the write-ahead log (32 MB) after which it is carried over into the file. Everybody waits for that: with SQLite's own 1,000 it
happened twenty times in the two seconds in which a thousand runs start and go on (`benchmarks/over_http.py`)."""

_OWNER_ONLY = 0o600


def _make_private(path: Path) -> None:
    """Let nobody else on this computer read the store: it holds whole conversations. SQLite gives its log the mode of the file."""
    with suppress(FileExistsError):  # opening and closing it here would let go of the locks that this process may have on it
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, _OWNER_ONLY))
    if path.is_file():
        with suppress(OSError):  # somebody else's file that we may use: its owner decides
            path.chmod(_OWNER_ONLY)


class SqliteStore:
    """Rows in one SQLite file (write-ahead log), owned by one process at a time.

    Raises StoreBusy when another process has it, StoreBroken when the file is not a store or cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._depth = 0
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _make_private(path)
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
        self._db.execute(f"PRAGMA wal_autocheckpoint = {LOG_PAGES}")
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
        plan = encode(row.plan) if row.plan is not None else None
        if old is not None:  # what cannot change is not written again: that would touch every index
            self._db.execute(_UPDATE, (row.run_id, row.tokens, encode(row.body), plan, row.id))
        else:
            self._db.execute(_INSERT, (row.id, row.kind, row.project, row.parent, row.seq, row.run_id, row.tokens, encode(row.body), plan))
        self._total(row, 0 if old else 1, row.tokens - (old[0] if old else 0))

    def _total(self, row: Row, count: int, tokens: int) -> None:
        if row.parent and (count or tokens):
            self._db.execute(
                "INSERT INTO totals VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE "
                "SET count = count + excluded.count, tokens = tokens + excluded.tokens",
                (row.kind, row.project, row.parent, count, tokens),
            )

    def get(self, object_id: str) -> Row | None:
        record = self._db.execute(f"SELECT {COLUMNS} FROM rows WHERE id = ?", (object_id,)).fetchone()
        return row_of(record) if record else None

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
        conditions = [(clause, value) for clause, value in rest if value is not None]
        order = "DESC" if query.newest_first else "ASC"
        sql = f"SELECT {COLUMNS} FROM rows WHERE {' AND '.join(where + [c for c, _ in conditions])} ORDER BY seq {order} LIMIT ?"
        return [row_of(record) for record in self._db.execute(sql, (*values, *(v for _, v in conditions), query.limit))]

    def count(self, kind: str, project: str, parent: str) -> int:
        return self._sum("count", kind, project, parent)

    def tokens(self, project: str, thread_id: str) -> int:
        return self._sum("tokens", "thread.message", project, thread_id)

    def _sum(self, column: str, *key: str) -> int:
        record = self._db.execute(f"SELECT {column} FROM totals WHERE kind = ? AND project = ? AND parent = ?", key).fetchone()
        return int(record[0]) if record else 0

    def unfinished(self) -> list[Row]:
        return [row_of(record) for record in self._db.execute(f"SELECT {COLUMNS} FROM rows WHERE plan IS NOT NULL ORDER BY seq")]

    def close(self) -> None:
        self._db.close()

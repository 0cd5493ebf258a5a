"""The database that a trial hands out. The host keeps it and runs every statement, so what a check reads of it is what was committed.

The guest's SQLAlchemy session sends its statements here (`threadlab.trials.guest.database`). When the program is killed its connections are
closed, so what it had not committed is rolled back. Statements come from code that nobody trusts: they can reach no other file, and what
they may cost is bounded.
"""

from __future__ import annotations

import contextlib
import itertools
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from pkgutil import resolve_name
from typing import Any, TypeAlias

import msgspec
from sqlalchemy import Engine, MetaData, StaticPool, create_engine, insert

from threadlab.engine.journal import Tables

_PAGE = 512
"""Bytes of a page of the file."""
MOST_PAGES = 65_536
"""Pages of a database at most: 32 MB."""
MOST_CONNECTIONS = 100
MOST_ROWS = 20_000
"""Rows that one statement can give back."""
MOST_STEPS = 20_000_000
"""Instructions of SQLite's virtual machine that all statements of one trial may take together."""
_STEPS = 10_000
"""How many go by between two looks at that."""
_CONTENT = 1_000_000
"""Bytes of rows that are looked at when a program is started again."""
_LENGTH = 2_000_000
"""Bytes of a text, a blob or a row at most."""
_HARMLESS = frozenset(
    {"foreign_keys", "foreign_key_list", "index_info", "index_list", "table_info", "table_list", "table_xinfo", "user_version"}
)
"""Pragmas that do what they say; all others do nothing."""


Committed: TypeAlias = Callable[[str, Tables, Sequence[str]], None]
"""Called with the rows that are new in words, all rows, and the names of the tables that have changed."""


class Result(msgspec.Struct, frozen=True):
    """What a statement came to."""

    columns: list[str] | None
    rows: list[list[Any]]
    count: int
    last_id: int | None


def metadata(tables: str) -> MetaData:
    """The tables of `MODULE:BASE`, a SQLAlchemy declarative base; none for an empty text."""
    result: MetaData = resolve_name(tables).metadata if tables else MetaData()
    return result


@cache
def _blank(tables: str) -> bytes:
    """A database with these tables and nothing in them."""
    raw = sqlite3.connect(":memory:")
    raw.execute(f"PRAGMA page_size = {_PAGE}")
    raw.execute("PRAGMA user_version = 1")  # writes the first page: a database with nothing at all in it cannot be serialized
    metadata(tables).create_all(_on(raw))
    content: bytes = raw.serialize()
    raw.close()
    return content


def _on(connection: sqlite3.Connection) -> Engine:
    return create_engine("sqlite://", creator=lambda: connection, poolclass=StaticPool)


class Database:
    """One trial's database. `committed(text, tables, changed)` is called after every change that was committed.

    `tables` says which tables it has: `MODULE:BASE`, where BASE is a SQLAlchemy declarative base; `rows` are in it from the beginning.
    """

    def __init__(self, committed: Committed, tables: str = "", rows: Mapping[str, Sequence[Mapping[str, Any]]] | None = None) -> None:
        self._committed = committed
        self._metadata = metadata(tables)
        self._folder = Path(tempfile.mkdtemp(prefix="threadlab-"))
        self._path = self._folder / "trial.db"
        self._path.write_bytes(_blank(tables))
        self._steps = 0
        self._connections: dict[int, sqlite3.Connection] = {}
        self._opened = 0
        self._own = self._open()
        if rows:
            with _on(self._own).begin() as connection:
                for name, several in rows.items():
                    connection.execute(insert(self._metadata.tables[name]), [dict(row) for row in several])
        self._seen = self._read()
        self._version = self._data_version()
        if rows:
            committed("as it was", self._seen, tuple(self._seen))

    def _open(self) -> sqlite3.Connection:
        """A connection to a file that only has to outlive a process that is pretended, so nothing waits for a disk."""
        result = sqlite3.connect(self._path, check_same_thread=False, timeout=0)
        for pragma in ("synchronous = OFF", "journal_mode = MEMORY", "temp_store = MEMORY", f"max_page_count = {MOST_PAGES}"):
            result.execute(f"PRAGMA {pragma}")
        result.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LENGTH)
        result.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        result.set_progress_handler(self._count_steps, _STEPS)
        return result

    def _count_steps(self) -> int:
        self._steps += _STEPS
        return int(self._steps > MOST_STEPS)

    # ---- what the guest asks for ---------------------------------------------------------------------------------------------------------

    def connect(self) -> int:
        """Open a connection; returns its number. Raises sqlite3.OperationalError when there are too many."""
        if len(self._connections) >= MOST_CONNECTIONS:
            raise sqlite3.OperationalError("unable to open database file: too many connections")
        self._opened += 1
        connection = self._connections[self._opened] = self._open()
        connection.set_authorizer(_allowed)
        return self._opened

    def run(self, number: int, action: str, sql: str, parameters: Sequence[Any]) -> Result:
        """Let a connection do something: `execute`, `executemany`, `commit`, `rollback`, `close`, or set its `isolation_level` to `sql`.

        Raises sqlite3.Error as SQLite does.
        """
        connection = self._connections.get(number)
        if connection is None:
            raise sqlite3.ProgrammingError("Cannot operate on a closed database.")
        result = Result(None, [], -1, None)
        match action:
            case "commit":
                connection.commit()
            case "rollback":
                connection.rollback()
            case "isolation_level":
                connection.isolation_level = sql or None  # type: ignore[assignment]
            case "close":
                self._connections.pop(number).close()
            case _:
                result = _execute(connection, action, sql, parameters)
        if action != "close" and not connection.in_transaction:
            self._look()
        return result

    def in_transaction(self, number: int) -> bool:
        connection = self._connections.get(number)
        return connection is not None and connection.in_transaction

    def disconnect(self) -> None:
        """What the end of a process does: connections are closed, and what was not committed is gone."""
        while self._connections:
            self._connections.popitem()[1].close()

    def close(self) -> None:
        """Remove the database."""
        self.disconnect()
        self._own.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    # ---- what was committed --------------------------------------------------------------------------------------------------------------

    def _read(self) -> Tables:
        tables: Tables = {}
        for table in self._metadata.sorted_tables:
            columns = [column.name for column in table.columns]
            records = self._own.execute(f'SELECT {", ".join(columns)} FROM "{table.name}" ORDER BY rowid').fetchall()
            if records:
                tables[table.name] = [{name: _plain(one) for name, one in zip(columns, row, strict=True)} for row in records]
        return tables

    def content(self) -> list[Any]:
        """All that was committed, in whatever tables, as far as a program needs so much."""
        found: list[Any] = []
        with contextlib.suppress(sqlite3.Error):
            schema = self._own.execute("SELECT type, name, sql FROM sqlite_master").fetchall()
            found += schema
            names = [name.replace('"', '""') for kind, name, _ in schema if kind == "table"]
            room = _CONTENT
            for row in itertools.chain.from_iterable(self._own.execute(f'SELECT * FROM "{name}"') for name in names):
                room -= sum(len(one) if isinstance(one, str | bytes) else 8 for one in row)
                if room < 0:
                    break
                found.append(row)
        return found

    def _data_version(self) -> int:
        """A number that changes when another connection has committed. To ask for it is cheaper than to read every table."""
        version: int = self._own.execute("PRAGMA data_version").fetchone()[0]
        return version

    def _look(self) -> None:
        """Report what has changed since the last look."""
        try:
            version = self._data_version()
            if version == self._version:
                return
            now = self._read()
        except sqlite3.Error:  # a table was dropped or is locked: what cannot be read cannot be reported
            return
        before, self._seen, self._version = self._seen, now, version
        changed = [f"{name}: {_line(row)}" for name, rows in now.items() for row in rows if row not in before.get(name, [])]
        deleted = [f"{name}: without {_line(row)}" for name, rows in before.items() for row in rows if row not in now.get(name, [])]
        if changed or deleted:
            tables = tuple(name for name in now.keys() | before.keys() if now.get(name) != before.get(name))
            self._committed("; ".join(changed or deleted)[:300], now, tables)


def _execute(connection: sqlite3.Connection, action: str, sql: str, parameters: Sequence[Any]) -> Result:
    for values in parameters if action == "executemany" else [parameters]:
        _check(values)
    cursor = connection.cursor()
    try:
        if action == "executemany":
            cursor.executemany(sql, parameters)
        elif action == "executescript":
            cursor.executescript(sql)
        else:
            cursor.execute(sql, parameters)
        columns = None if cursor.description is None else [column[0] for column in cursor.description]
        rows = [list(row) for row in cursor.fetchmany(MOST_ROWS + 1)] if columns is not None else []
        if len(rows) > MOST_ROWS:
            raise sqlite3.DataError(f"more than {MOST_ROWS} rows")
        return Result(columns, rows, cursor.rowcount, cursor.lastrowid)
    finally:
        cursor.close()


def _check(parameters: Any) -> None:
    """Raises sqlite3.ProgrammingError for parameters that are not what SQLite stores."""
    values = parameters.values() if isinstance(parameters, dict) else parameters
    if not isinstance(parameters, dict | list) or not all(
        value is None or isinstance(value, int | float | str | bytes) for value in values
    ):
        raise sqlite3.ProgrammingError("Error binding parameters: a type is not supported")


def _allowed(action: int, first: str | None, *_: object) -> int:
    """What statements may do: everything to the tables of this database, nothing outside of it."""
    if action in (sqlite3.SQLITE_ATTACH, sqlite3.SQLITE_DETACH):
        return sqlite3.SQLITE_DENY
    if action == sqlite3.SQLITE_PRAGMA and (first or "").lower() not in _HARMLESS:
        return sqlite3.SQLITE_IGNORE
    return sqlite3.SQLITE_OK


def _plain(value: Any) -> Any:
    """A value as JSON and msgpack can carry it."""
    if value is None or isinstance(value, bool | int | float):
        return value
    return str(value)[:2000]


def _line(row: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in row.items() if value is not None)

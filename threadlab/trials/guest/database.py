"""The database that a trial hands to a learner: a SQLite file, gone afterwards, whose commits the host hears of.

What other connections can see is what counts: rows that have been written and not committed are lost when the program is killed.
"""

import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

from sqlalchemy import Engine, MetaData, NullPool, StaticPool, create_engine, insert
from sqlalchemy.orm import Session

from threadlab.trials.guest.savepoints import savepoints_commit_nothing

_PAGE = 512
"""Bytes of a page of the file: small, because what a killed program leaves behind is sent to the host."""

Tables = dict[str, list[dict[str, Any]]]


_compiled: dict[Any, Any] = {}
"""Statements as SQL, for all trials: to compile them anew for each costs more than to run them."""


@cache
def _metadata(tables: str) -> MetaData:
    """The tables of `MODULE:BASE`, a declarative base; none for an empty text."""
    return resolve_name(tables).metadata if tables else MetaData()


@cache
def _blank(tables: str) -> tuple[bytes, Engine]:
    """A database with these tables and nothing in them, and the engine that made it."""
    raw = sqlite3.connect(":memory:")
    raw.execute(f"PRAGMA page_size = {_PAGE}")
    raw.execute("PRAGMA user_version = 1")  # writes the first page: a database with nothing at all in it cannot be serialized
    engine = create_engine("sqlite://", creator=lambda: raw)
    _metadata(tables).create_all(engine)
    content: bytes = raw.serialize()
    return content, engine


class Database:
    """One trial's database. `witness(name, **detail)` is told of every change that was committed; `content` is what it starts from.

    `tables` says which tables it has: `MODULE:BASE`, where BASE is a SQLAlchemy declarative base.
    """

    def __init__(self, witness: Callable[..., None], content: bytes, rows: Mapping[str, list[dict[str, Any]]], tables: str) -> None:
        self._witness = witness
        self._tables = tables
        self._folder = Path(tempfile.mkdtemp(prefix="threadlab-"))
        self._path = self._folder / "desk.db"
        self._path.write_bytes(content or _blank(tables)[0])
        self._connections: list[sqlite3.Connection] = []
        self._own = self._connected(sqlite3.Connection)
        self._kept: bytes | None = None
        if rows and not content:
            self._fill(rows)
        self._seen = self._read()
        self._looked_at = self._version()
        if rows and not content:
            self._report("as it was", self._seen)

    def _fill(self, rows: Mapping[str, list[dict[str, Any]]]) -> None:
        with create_engine("sqlite://", creator=lambda: self._own, poolclass=StaticPool).begin() as connection:
            for name, several in rows.items():
                connection.execute(insert(_metadata(self._tables).tables[name]), several)

    def session(self) -> Session:
        """A session as another process would open it: on an engine and connections of its own."""
        if len(_compiled) > 2000:
            _compiled.clear()
        model = _blank(self._tables)[1]
        pool = NullPool(self._connect, dialect=model.dialect)
        engine = Engine(pool, model.dialect, model.url, execution_options={"compiled_cache": _compiled})
        savepoints_commit_nothing(engine)
        return Session(engine)

    def _connect(self) -> Any:
        database = self

        class Watched(sqlite3.Connection):
            """Says when it has committed. What is left of a process that has ended may still try to tidy up: that does nothing."""

            def commit(self) -> None:
                super().commit()
                database.look()

            def rollback(self) -> None:
                if self in database._connections:
                    super().rollback()

        made = self._connected(Watched)
        self._connections.append(made)
        return made

    def _connected(self, factory: type[sqlite3.Connection]) -> sqlite3.Connection:
        """A connection to a file that only has to outlive a process that is pretended, so nothing waits for a disk."""
        made = sqlite3.connect(self._path, check_same_thread=False, timeout=0.5, factory=factory)
        made.execute("PRAGMA synchronous = OFF")
        made.execute("PRAGMA journal_mode = MEMORY")
        return made

    def disconnect(self) -> None:
        """What the end of a process does: connections are closed, and what was not committed is gone."""
        while self._connections:
            self._connections.pop().close()

    # ---- what is seen from outside -------------------------------------------------------------------------------------------------------

    def _read(self) -> Tables:
        tables: Tables = {}
        for table in _metadata(self._tables).sorted_tables:
            columns = [column.name for column in table.columns]
            found = self._own.execute(f'SELECT {", ".join(columns)} FROM "{table.name}" ORDER BY rowid').fetchall()
            if found:
                tables[table.name] = [{name: _plain(one) for name, one in zip(columns, row, strict=True)} for row in found]
        return tables

    def _version(self) -> int:
        """A number that changes when another connection has committed. To ask for it is cheaper than to read every table."""
        version: int = self._own.execute("PRAGMA data_version").fetchone()[0]
        return version

    def look(self) -> None:
        """Report what has changed since the last look."""
        try:
            version = self._version()
            if version == self._looked_at:
                return
            now = self._read()
        except sqlite3.Error:  # dropped or locked by the learner: what cannot be read cannot be reported
            return
        before, self._seen, self._looked_at = self._seen, now, version
        changed = [f"{name}: {_line(row)}" for name, rows in now.items() for row in rows if row not in before.get(name, [])]
        gone = [f"{name}: without {_line(row)}" for name, rows in before.items() for row in rows if row not in now.get(name, [])]
        if changed or gone:
            self._report("; ".join(changed or gone), now)

    def _report(self, text: str, tables: Tables) -> None:
        self._witness("database", text=text[:300], tables=tables)

    # ---- the end -------------------------------------------------------------------------------------------------------------------------

    def keep(self) -> None:
        """From here on nothing counts: this is what the next process will find."""
        if self._kept is None:
            self._kept = self._own.serialize()

    def close(self) -> bytes:
        """Close every connection, the learner's too; returns what was kept, or else what is there."""
        self.keep()
        self.disconnect()
        self._own.close()
        shutil.rmtree(self._folder, ignore_errors=True)
        assert self._kept is not None
        return self._kept


def _plain(value: Any) -> Any:
    """A value as JSON and msgpack can carry it."""
    if value is None or isinstance(value, bool | int | float):
        return value
    return str(value)[:2000]


def _line(row: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in row.items() if value is not None)

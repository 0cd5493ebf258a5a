"""A SQLAlchemy session whose database is the host's: a DBAPI connection that sends every statement there."""

from __future__ import annotations

import datetime
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Engine, NullPool, create_engine
from sqlalchemy.orm import Session

from threadlab.trials.guest import messages as m
from threadlab.trials.guest.link import Link
from threadlab.trials.guest.savepoints import savepoints_commit_nothing

_compiled: dict[Any, Any] = {}
"""Statements as SQL, for all trials: to compile them anew for each costs more than to run them."""

_ERRORS = {
    name: getattr(sqlite3, name) for name in ("DataError", "IntegrityError", "InterfaceError", "NotSupportedError", "ProgrammingError")
}


@cache
def _model() -> Engine:
    """An engine whose dialect serves as the model for all; it has been connected once, so it knows its own defaults."""
    engine = create_engine("sqlite://")
    engine.connect().close()
    return engine


def session(link: Link) -> Session:
    """A session as another process would open it: on an engine and connections of its own."""
    if len(_compiled) > 2000:
        _compiled.clear()
    model = _model()
    pool = NullPool(lambda: _Connection(link), dialect=model.dialect)  # type: ignore[arg-type]
    engine = Engine(pool, model.dialect, model.url, execution_options={"compiled_cache": _compiled})
    savepoints_commit_nothing(engine)
    return Session(engine)


class _Connection:
    """As much of `sqlite3.Connection` as SQLAlchemy and people who use it directly need."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._isolation_level: str | None = ""
        self.in_transaction = False
        self.row_factory: Any = None
        self._number = 0
        self._number = self._ask("connect").connection

    def _ask(self, action: m.DatabaseAction, sql: str = "", parameters: Sequence[Any] = ()) -> m.DatabaseReply:
        result = self._link.say(m.DatabaseCall(self._number, action, sql, list(parameters)))
        assert isinstance(result, m.DatabaseReply)
        self.in_transaction = result.in_transaction
        if result.error:
            raise _ERRORS.get(result.error, sqlite3.OperationalError)(result.message)
        return result

    @property
    def _alive(self) -> bool:
        """Whether there is still a process. What is left of one that has ended may try to tidy up: that does nothing."""
        return self._link.halted is None and not self._link.over

    @property
    def isolation_level(self) -> str | None:
        return self._isolation_level

    @isolation_level.setter
    def isolation_level(self, level: str | None) -> None:
        self._ask("isolation_level", level or "")
        self._isolation_level = level

    def cursor(self, *_: Any) -> _Cursor:
        return _Cursor(self)

    def execute(self, sql: str, parameters: Any = ()) -> _Cursor:
        return self.cursor().execute(sql, parameters)

    def executemany(self, sql: str, several: Iterable[Any]) -> _Cursor:
        return self.cursor().executemany(sql, several)

    def executescript(self, sql: str) -> _Cursor:
        return self.cursor().executescript(sql)

    def commit(self) -> None:
        self._ask("commit")

    def rollback(self) -> None:
        if self._alive:
            self._ask("rollback")

    def close(self) -> None:
        if self._alive:
            self._ask("close")

    def create_function(self, *_: Any, **__: Any) -> None:
        """Functions of one's own cannot be had: statements run elsewhere. SQLAlchemy's `regexp` is the one that is asked for."""

    def __enter__(self) -> _Connection:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.commit()
        else:
            self.rollback()


class _Cursor:
    """As much of `sqlite3.Cursor`. All rows of a statement come at once."""

    def __init__(self, connection: _Connection) -> None:
        self.connection = connection
        self.arraysize = 1
        self.description: tuple[tuple[Any, ...], ...] | None = None
        self.rowcount = -1
        self.lastrowid: int | None = None
        self._rows: Iterator[tuple[Any, ...]] = iter(())

    def _run(self, action: m.DatabaseAction, sql: str, parameters: Sequence[Any]) -> _Cursor:
        reply = self.connection._ask(action, sql, parameters)
        self.description = None if reply.columns is None else tuple((name, None, None, None, None, None, None) for name in reply.columns)
        self.rowcount, self.lastrowid = reply.count, reply.last_id
        self._rows = map(tuple, reply.rows)
        return self

    def execute(self, sql: str, parameters: Any = ()) -> _Cursor:
        by_name = isinstance(parameters, dict)
        return self._run("execute", sql, [_plain_named(parameters)] if by_name else [[_plain(one) for one in parameters]])

    def executemany(self, sql: str, several: Iterable[Any]) -> _Cursor:
        rows = [_plain_named(one) if isinstance(one, dict) else [_plain(value) for value in one] for one in several]
        return self._run("executemany", sql, rows)

    def executescript(self, sql: str) -> _Cursor:
        return self._run("executescript", sql, [])

    def fetchone(self) -> tuple[Any, ...] | None:
        return next(self._rows, None)

    def fetchmany(self, size: int | None = None) -> list[tuple[Any, ...]]:
        count = self.arraysize if size is None else size
        return [row for _, row in zip(range(count), self._rows, strict=False)]

    def fetchall(self) -> list[tuple[Any, ...]]:
        return list(self._rows)

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return self._rows

    def close(self) -> None:
        self._rows = iter(())

    def setinputsizes(self, *_: Any) -> None:
        """As sqlite3 does: nothing."""

    def setoutputsize(self, *_: Any) -> None:
        """As sqlite3 does: nothing."""


def _plain_named(parameters: dict[Any, Any]) -> dict[str, Any]:
    return {str(name): _plain(value) for name, value in parameters.items()}


def _plain(value: Any) -> Any:
    """A parameter as SQLite stores it. Raises sqlite3.ProgrammingError for what it cannot store."""
    if value is None or isinstance(value, bytes):
        return value
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int):
        if not -(2**63) <= value < 2**63:
            raise OverflowError("Python int too large to convert to SQLite INTEGER")
        return int(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, str):
        return str(value)
    if isinstance(value, datetime.datetime):
        return value.isoformat(" ")
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, bytearray | memoryview):
        return bytes(value)
    raise sqlite3.ProgrammingError(f"Error binding parameter: type '{type(value).__name__}' is not supported")

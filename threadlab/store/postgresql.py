"""The store in a PostgreSQL database: the same rows as in a file, in a schema of their own.

It belongs to one service at a time, as a file does: the engine keeps in mind which runs are under way, and two engines would not know of
each other. Who has it holds an advisory lock, which the server lets go of when the connection ends, after `kill -9` too; and signs
itself as the owner, so that a service whose connection broke can tell whether anybody else has been there since.
"""

import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import msgspec
import psycopg

from threadlab.errors import StoreBroken, StoreBusy
from threadlab.store.address import place_shown
from threadlab.store.protocol import SCHEMA_VERSION, Query
from threadlab.store.records import Row
from threadlab.store.row_format import COLUMNS, row_of

_LOCK = 0x7468726561646C62
"""The advisory lock of this database's store."""
_PATIENCE: dict[str, Any] = {"connect_timeout": 5, "keepalives_idle": 30, "tcp_user_timeout": 30_000}
"""How long a server that does not answer is waited for: 5 seconds to connect, 30 (in milliseconds) while it is used."""
_LOCK_PATIENCE = 3.0
"""Seconds that a server may need to notice that a service which was killed is gone."""
_SCHEMA = """
CREATE SCHEMA IF NOT EXISTS threadlab;
CREATE TABLE IF NOT EXISTS threadlab.about (version INTEGER NOT NULL, owner TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS threadlab.rows (
    id TEXT PRIMARY KEY, kind TEXT NOT NULL, project TEXT NOT NULL, parent TEXT NOT NULL, seq BIGINT NOT NULL,
    run_id TEXT NOT NULL, tokens BIGINT NOT NULL, body BYTEA NOT NULL, plan BYTEA);
CREATE INDEX IF NOT EXISTS by_parent ON threadlab.rows (kind, project, parent, seq);
CREATE INDEX IF NOT EXISTS by_run ON threadlab.rows (kind, project, parent, run_id, seq) WHERE run_id != '';
CREATE INDEX IF NOT EXISTS below ON threadlab.rows (parent) WHERE parent != '';
CREATE INDEX IF NOT EXISTS by_seq ON threadlab.rows (seq);
CREATE INDEX IF NOT EXISTS planned ON threadlab.rows (seq) WHERE plan IS NOT NULL;
CREATE TABLE IF NOT EXISTS threadlab.totals (
    kind TEXT NOT NULL, project TEXT NOT NULL, parent TEXT NOT NULL, count BIGINT NOT NULL, tokens BIGINT NOT NULL,
    PRIMARY KEY (kind, project, parent));
"""
# One statement, and so one way to the server and back, for the row and for the totals of its parent.
_PUT = f"""
WITH old AS (SELECT tokens FROM threadlab.rows WHERE id = %(id)s),
kept AS (
    INSERT INTO threadlab.rows ({COLUMNS})
    VALUES (%(id)s, %(kind)s, %(project)s, %(parent)s, %(seq)s, %(run_id)s, %(tokens)s, %(body)s, %(plan)s)
    ON CONFLICT (id) DO UPDATE SET run_id = excluded.run_id, tokens = excluded.tokens, body = excluded.body, plan = excluded.plan)
INSERT INTO threadlab.totals AS total
SELECT %(kind)s, %(project)s, %(parent)s, 1 - (SELECT count(*) FROM old), %(tokens)s - coalesce((SELECT tokens FROM old), 0)
WHERE %(parent)s <> ''
ON CONFLICT (kind, project, parent) DO UPDATE SET count = total.count + excluded.count, tokens = total.tokens + excluded.tokens
"""
_REMOVE = """
WITH gone AS (DELETE FROM threadlab.rows WHERE id = %s RETURNING kind, project, parent, tokens)
UPDATE threadlab.totals AS total SET count = total.count - 1, tokens = total.tokens - gone.tokens FROM gone
WHERE (total.kind, total.project, total.parent) = (gone.kind, gone.project, gone.parent)
"""
_OUTER = ("BEGIN", "COMMIT", ("ROLLBACK",))
_LATER = ("BEGIN; SET LOCAL synchronous_commit = off", "COMMIT", ("ROLLBACK",))
_INNER = ("SAVEPOINT part", "RELEASE part", ("ROLLBACK TO part", "RELEASE part"))
_encode = msgspec.json.encode


class PostgresStore:
    """Rows in the schema `threadlab` of one database. `address` is what libpq takes, such as postgresql://ada@127.0.0.1/threads.

    Raises StoreBusy when another service has it, StoreBroken when it cannot be reached or used. A connection that breaks later fails the
    request that finds it broken; the next one makes it anew.
    """

    def __init__(self, address: str) -> None:
        self._address = address
        self._owner = secrets.token_hex(8)
        self._depth = self._seq = 0
        self._db = self._connect()
        try:
            self._set_up()
        except psycopg.Error as error:
            self._db.close()
            raise StoreBroken(f"{place_shown(address)} cannot be used as a store: {_said(error)}.") from None
        except BaseException:
            self._db.close()
            raise

    def _connect(self) -> "psycopg.Connection[Any]":
        """A connection that has the store's lock."""
        try:
            db = psycopg.connect(self._address, autocommit=True, application_name="threadlab", **_PATIENCE)
        except psycopg.Error as error:
            raise StoreBroken(f"{place_shown(self._address)} cannot be reached: {_said(error)}.") from None
        try:
            db.execute("SET synchronous_commit = on")
            db.execute("SET client_min_messages = warning")
            end = time.monotonic() + _LOCK_PATIENCE
            while not _one(db, "SELECT pg_try_advisory_lock(%s)", _LOCK):
                if time.monotonic() > end:
                    raise StoreBusy(f"{place_shown(self._address)} is in use by another service; stop that one, or name another database.")
                time.sleep(0.1)
        except BaseException:
            db.close()
            raise
        return db

    def _set_up(self) -> None:
        """Make what is not there, and sign as the owner."""
        with self.transaction():
            self._db.execute(_SCHEMA)
            version = _one(self._db, "SELECT max(version) FROM threadlab.about")
            if version is None:
                self._db.execute("INSERT INTO threadlab.about VALUES (%s, '')", [SCHEMA_VERSION])
            elif version > SCHEMA_VERSION:
                raise StoreBroken(f"{place_shown(self._address)} has a store that this version cannot read; name another database.")
            self._db.execute("UPDATE threadlab.about SET owner = %s", [self._owner])
        self._seq = _one(self._db, "SELECT coalesce(max(seq), 0) FROM threadlab.rows")

    def _ready(self) -> None:
        """Make a connection that broke anew. Not inside a transaction, of which a part would be lost."""
        if self._depth or not self._db.closed:
            return
        db = self._connect()
        if _one(db, "SELECT owner FROM threadlab.about") != self._owner:
            db.close()
            raise StoreBroken(f"Another service has used {place_shown(self._address)} since the connection broke: start this one again.")
        self._db = db

    def _run(self, statement: str, values: "Sequence[Any] | dict[str, Any]" = ()) -> "psycopg.Cursor[Any]":
        self._ready()
        return self._db.execute(statement, values, binary=True)

    @contextmanager
    def transaction(self, *, later: bool = False) -> Iterator[None]:
        begin, keep, undo = _INNER if self._depth else _LATER if later else _OUTER
        self._ready()
        self._db.execute(begin)
        self._depth += 1
        try:
            yield
        except BaseException:
            with suppress(psycopg.Error):  # with a connection that broke the server has undone it
                for statement in undo:
                    self._db.execute(statement)
            raise
        else:
            self._db.execute(keep)
        finally:
            self._depth -= 1

    def next_seq(self) -> int:
        self._seq += 1
        return self._seq

    def put(self, row: Row) -> None:
        plan = _encode(row.plan) if row.plan is not None else None
        own = {"id": _text(row.id), "kind": row.kind, "project": row.project, "parent": _text(row.parent), "run_id": _text(row.run_id)}
        self._run(_PUT, own | {"seq": row.seq, "tokens": row.tokens, "body": _encode(row.body), "plan": plan})

    def get(self, object_id: str) -> Row | None:
        record = self._run(f"SELECT {COLUMNS} FROM threadlab.rows WHERE id = %s", [_text(object_id)]).fetchone()
        return row_of(record) if record else None

    def remove(self, object_id: str) -> None:
        self._run(_REMOVE, [_text(object_id)])

    def remove_below(self, parent: str) -> None:
        grandparents = "SELECT id FROM threadlab.rows WHERE parent = %s"
        for table in ("rows", "totals"):
            self._run(f"DELETE FROM threadlab.{table} WHERE parent IN ({grandparents})", [parent])
        for table in ("rows", "totals"):
            self._run(f"DELETE FROM threadlab.{table} WHERE parent = %s", [parent])

    def page(self, query: Query) -> list[Row]:
        clauses: list[tuple[str, str | int | None]] = [
            ("kind = %s", query.kind),
            ("project = %s", query.project),
            ("parent = %s", _text(query.parent)),
            ("run_id = %s AND run_id != ''", _text(query.run_id) or None),
            ("seq > %s", query.after),
            ("seq < %s", query.before),
        ]
        conditions = [(clause, value) for clause, value in clauses if value is not None]
        order = "DESC" if query.newest_first else "ASC"
        where = " AND ".join(clause for clause, _ in conditions)
        sql = f"SELECT {COLUMNS} FROM threadlab.rows WHERE {where} ORDER BY seq {order} LIMIT %s"
        return [row_of(record) for record in self._run(sql, [*(value for _, value in conditions), query.limit])]

    def count(self, kind: str, project: str, parent: str) -> int:
        return self._sum("count", kind, project, parent)

    def tokens(self, project: str, thread_id: str) -> int:
        return self._sum("tokens", "thread.message", project, thread_id)

    def _sum(self, column: str, *key: str) -> int:
        sql = f"SELECT {column} FROM threadlab.totals WHERE kind = %s AND project = %s AND parent = %s"
        record = self._run(sql, key).fetchone()
        return int(record[0]) if record else 0

    def unfinished(self) -> list[Row]:
        return [row_of(record) for record in self._run(f"SELECT {COLUMNS} FROM threadlab.rows WHERE plan IS NOT NULL ORDER BY seq")]

    def close(self) -> None:
        self._db.close()


def _one(db: "psycopg.Connection[Any]", statement: str, *values: Any) -> Any:
    record = db.execute(statement, values).fetchone()
    return record[0] if record else None


def _text(text: str) -> str:
    """A text that may stand in a column, which one with a NUL in it may not. No id that we gave has one, but clients make up any."""
    return text.replace("\0", "\u2400")


def _said(error: psycopg.Error) -> str:
    """The first line of what the server or the driver said."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")

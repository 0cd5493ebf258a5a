"""SQLite's savepoints through SQLAlchemy, made to commit nothing by themselves."""

from sqlalchemy import Connection, Engine, event


def savepoints_commit_nothing(engine: Engine) -> None:
    """Let `begin_nested()` on this SQLite engine be part of the transaction around it.

    Python's sqlite3 begins a transaction before the first write, not before a savepoint. A savepoint that comes first is then the outermost
    one, and what it held is committed when it is released.
    """

    @event.listens_for(engine, "savepoint")
    def begin(connection: Connection, name: str) -> None:
        if not connection.connection.in_transaction:
            connection.exec_driver_sql("BEGIN")

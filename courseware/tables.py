"""The application's own tables, as the exercises give them: what a help desk must write down because the service does not keep it for you.

    with open_database() as db:                                    # a SQLAlchemy Session, in memory
        db.add(Conversation(user_id="ada", purpose="billing", thread_id="thread_..."))
        db.commit()
        db.get(Conversation, ("ada", "billing")).thread_id

No operation of the API lists threads. Which thread belongs to which user, and how far a turn had come when the process died, is in here or
nowhere. What has not been committed is lost with the process.
"""

from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


class Base(DeclarativeBase):
    """The tables of the course."""


class Conversation(Base):
    """Which thread a user's conversation is on. One row a user and purpose."""

    __tablename__ = "conversations"

    user_id: Mapped[str] = mapped_column(primary_key=True)
    purpose: Mapped[str] = mapped_column(primary_key=True)
    thread_id: Mapped[str | None]


class Turn(Base):
    """How far one turn of a conversation has come. One row a turn; what is not known yet is None."""

    __tablename__ = "turns"

    turn_id: Mapped[str] = mapped_column(primary_key=True)
    thread_id: Mapped[str]
    text: Mapped[str]
    message_id: Mapped[str | None]
    run_id: Mapped[str | None]
    answer: Mapped[str | None]


def open_database(path: Path | str | None = None) -> Session:
    """A session on the SQLite file at `path`, tables made if they are not there; without a path, on a database in memory of its own."""
    engine = create_engine("sqlite://" if path is None else f"sqlite:///{path}")
    savepoints_commit_nothing(engine)
    Base.metadata.create_all(engine)
    return Session(engine)


def savepoints_commit_nothing(engine: Engine) -> None:
    """Let `begin_nested()` on this SQLite engine be part of the transaction around it.

    Python's sqlite3 begins a transaction before the first write, not before a savepoint. A savepoint that comes first is then the outermost
    one, and what it held is committed when it is released.
    """

    @event.listens_for(engine, "savepoint")
    def begin(connection: Connection, name: str) -> None:
        if not connection.connection.in_transaction:
            connection.exec_driver_sql("BEGIN")

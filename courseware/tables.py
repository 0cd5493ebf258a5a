"""The application's own tables, as the exercises give them: what a help desk must write down because the service does not keep it for you.

    with open_database() as db:                                    # a SQLAlchemy Session, in memory
        db.add(Conversation(user_id="ada", purpose="billing", thread_id="thread_..."))
        db.commit()
        db.get(Conversation, ("ada", "billing")).thread_id

No operation of the API lists threads. Which thread belongs to which user, and how far a turn had come when the process died, is in here or
nowhere. What has not been committed is lost with the process.
"""

from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from threadlab.trials.guest.savepoints import savepoints_commit_nothing

DB = {"$": "db", "tables": "courseware.tables:Base"}
"""An argument of a trial: a session on a database that has the tables of this module."""


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


# ---- What was said and is no longer read: the application's own copy of messages, written before a conversation drops them ----


class ArchivedMessage(Base):
    """A message as it was on its thread. One row a message."""

    __tablename__ = "archived_messages"

    message_id: Mapped[str] = mapped_column(primary_key=True)
    thread_id: Mapped[str]
    role: Mapped[str]
    """`user` or `assistant`."""
    text: Mapped[str]


# ---- The record of what a run did, kept by the application: which tools ran with what, what they said, what the assistant wrote ----


class AuditItem(Base):
    """One thing that happened in a run: a tool call, or a message of the assistant. What is not known yet is None."""

    __tablename__ = "turn_audit"

    item_id: Mapped[str] = mapped_column(primary_key=True)
    """The id of the tool call, or of the message."""
    run_id: Mapped[str]
    kind: Mapped[str]
    """`tool_call` or `message`."""
    position: Mapped[int | None]
    """Its place in the run; the smallest came first."""
    step_id: Mapped[str | None]
    name: Mapped[str | None]
    """Of a tool call: the tool."""
    arguments: Mapped[str | None]
    """Of a tool call: JSON text, as the service gave it."""
    text: Mapped[str | None]
    """What the tool answered, or what the message says."""


# ---- What a clean-up job works on: which threads the application answers for, and the record of what became of them ----


class KeptThread(Base):
    """A thread that the application answers for. One row a thread; times are whole seconds since 1970."""

    __tablename__ = "kept_threads"

    thread_id: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str]
    created_at: Mapped[int]
    last_used_at: Mapped[int]
    """When somebody last wrote or read on it."""
    held: Mapped[bool]
    """A person has said that it must stay, however old it is."""
    deleted_at: Mapped[int | None]
    """When it was removed; None while it is there."""


class AuditLine(Base):
    """Something that was done to a thread. Lines are added and never changed."""

    __tablename__ = "cleanup_audit"

    id: Mapped[int] = mapped_column(primary_key=True)
    thread_id: Mapped[str]
    action: Mapped[str]
    at: Mapped[int]


@dataclass(frozen=True)
class Report:
    """What one run of a clean-up job came to: ids of threads. After a dry run: what it would have come to."""

    deleted: list[str] = field(default_factory=list)
    """Removed by this run."""
    failed: list[str] = field(default_factory=list)
    """Due, and not known to be removed: the next run will try again."""


# ---- What a migration must write down: which conversation took a thread's place. Neither side knows of the other ----


class Migration(Base):
    """Which conversation a thread was carried over to. One row a thread."""

    __tablename__ = "migrations"

    thread_id: Mapped[str] = mapped_column(primary_key=True)
    conversation_id: Mapped[str | None]


# ---- What a support desk writes down: the tickets that it has taken in, and what was done for each ----


class Ticket(Base):
    """One question of one customer. What is not known yet is None."""

    __tablename__ = "tickets"

    number: Mapped[int] = mapped_column(primary_key=True)
    """Counts up by itself: the order in which the tickets were written down."""
    ticket_id: Mapped[str] = mapped_column(unique=True)
    user_id: Mapped[str]
    text: Mapped[str]
    message_id: Mapped[str | None]
    run_id: Mapped[str | None]
    answer: Mapped[str | None]


class TicketAudit(Base):
    """One thing that was done for a ticket. Lines are added and never changed."""

    __tablename__ = "ticket_audit"

    number: Mapped[int] = mapped_column(primary_key=True)
    """Counts up by itself."""
    ticket_id: Mapped[str]
    step: Mapped[str]
    """`confirm`, `run` or `read`."""
    object_id: Mapped[str]
    """What came of it: the id of the message, of the run, of the reply."""


def open_database(path: Path | str | None = None) -> Session:
    """A session on the SQLite file at `path`, tables made if they are not there; without a path, on a database in memory of its own."""
    engine = create_engine("sqlite://" if path is None else f"sqlite:///{path}")
    savepoints_commit_nothing(engine)
    Base.metadata.create_all(engine)
    return Session(engine)

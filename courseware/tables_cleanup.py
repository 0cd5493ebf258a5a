"""What a clean-up job works on: which threads the application answers for, and the record of what became of them.

Nothing at the service expires and nothing there lists threads, so what may be removed is a question for these tables.
"""

from dataclasses import dataclass, field

from sqlalchemy.orm import Mapped, mapped_column

from courseware.tables import Base


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

"""What a support desk writes down: the tickets that it has taken in, and what was done for each.

Which thread a customer is on is in `Conversation` (`courseware.tables`), under the purpose `support`.
"""

from sqlalchemy.orm import Mapped, mapped_column

from courseware.tables import Base


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

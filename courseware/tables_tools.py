"""The record of what a run did, kept by the application: which tools ran with what, what they said, what the assistant wrote.

The service keeps run steps, and they are gone with the thread. What a tool answered is in them only once the service has taken it in.
"""

from sqlalchemy.orm import Mapped, mapped_column

from courseware.tables import Base


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

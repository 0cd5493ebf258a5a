"""What was said and is no longer read: the application's own copy of messages, written before a conversation drops them."""

from sqlalchemy.orm import Mapped, mapped_column

from courseware.tables import Base


class ArchivedMessage(Base):
    """A message as it was on its thread. One row a message."""

    __tablename__ = "archived_messages"

    message_id: Mapped[str] = mapped_column(primary_key=True)
    thread_id: Mapped[str]
    role: Mapped[str]
    """`user` or `assistant`."""
    text: Mapped[str]

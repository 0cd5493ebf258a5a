"""What a migration must write down: which conversation took a thread's place. Neither side knows of the other."""

from sqlalchemy.orm import Mapped, mapped_column

from courseware.tables import Base


class Migration(Base):
    """Which conversation a thread was carried over to. One row a thread."""

    __tablename__ = "migrations"

    thread_id: Mapped[str] = mapped_column(primary_key=True)
    conversation_id: Mapped[str | None]

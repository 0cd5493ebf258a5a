"""Opens the store that an address names: memory, a SQLite file, or a PostgreSQL database."""

from __future__ import annotations

from pathlib import Path

from threadlab.errors import StoreBroken
from threadlab.store.address import is_address
from threadlab.store.memory import MemoryStore
from threadlab.store.protocol import Store
from threadlab.store.sqlite import SqliteStore


def open_store(place: Path | str | None) -> Store:
    """A store in the file at `place`, made if it is not there, in the PostgreSQL database at postgresql://..., or in memory for None.

    Raises StoreBusy or StoreBroken (both ThreadlabError), each with a sentence.
    """
    if place is None:
        return MemoryStore()
    if not is_address(place):
        return SqliteStore(Path(place))
    try:
        from threadlab.store.postgresql import PostgresStore  # here, because its driver is an extra
    except ImportError:
        raise StoreBroken(
            "A store in PostgreSQL needs its driver, psycopg. In the course's folder: "
            "python -m pip install -c constraints.txt -e '.[postgresql]'"
        ) from None
    return PostgresStore(str(place))

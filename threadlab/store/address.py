"""The address of a store: a file's path, a database server's URL, or nothing for memory."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit


def is_address(place: Path | str | None) -> bool:
    """Whether a place to keep things is a database server's, and not a file."""
    return isinstance(place, str) and place.startswith(("postgresql://", "postgres://"))


def place_shown(place: Path | str | None) -> str:
    """A place as people may see it: a server's address without a password."""
    if not is_address(place):
        return str(place or "memory")
    parts = urlsplit(str(place))
    user = f"{parts.username}@" if parts.username else ""
    return f"{parts.scheme}://{user}{parts.netloc.rpartition('@')[2]}{parts.path}"

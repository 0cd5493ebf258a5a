"""A store in memory that is copied to a file now and then, and that other kernels may copy to the same file.

For a browser tab: its files are reached through the page, a whole file at a time, so that a database cannot live in one.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from threadlab.store.memory import MemoryStore
from threadlab.store.protocol import SCHEMA_VERSION
from threadlab.store.records import Row
from threadlab.store.row_format import encode, row_of

_Kept = tuple[str, str, str, str, int, str, int, bytes, bytes | None]
"""The columns of a row, its body and its plan as JSON."""


class _File(msgspec.Struct, array_like=True):
    version: int
    rows: list[_Kept]


class SharedFileStore(MemoryStore):
    """Rows in memory, and in the file at `path` as of the last `sync()`.

    Each kernel that has the file changes rows of its own, so a sync takes over the others' rows and writes its own changes. What two
    kernels changed between two syncs is as the last one wrote it. A file that is missing or cannot be read counts as empty.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.problem = ""
        """Why the last sync could not write, as a sentence; empty when it could."""
        self._changed: set[str] = set()
        self._seen: tuple[int, int] | None = None
        self._take_over(self._read())

    def put(self, row: Row) -> None:
        super().put(row)
        self._changed.add(row.id)

    def remove(self, object_id: str) -> None:
        super().remove(object_id)
        self._changed.add(object_id)

    @property
    def unsaved(self) -> int:
        """How many rows have changed since the last sync."""
        return len(self._changed)

    def sync(self) -> bool:
        """Take over what others have written, then write what has changed here. True if rows of others came in."""
        if not self._changed and self._stamp() == self._seen:
            return False
        contents = self._read()
        changed = {object_id: self._rows.get(object_id) for object_id in self._changed}
        for object_id, row in changed.items():
            if row is not None:
                contents[object_id] = _columns(row)
            else:
                contents.pop(object_id, None)
        came_in = self._take_over(contents)
        if changed:
            self._write(contents)
        return came_in

    def close(self) -> None:
        self.sync()

    def _take_over(self, kept: dict[str, _Kept]) -> bool:
        """Make memory hold what `kept` holds."""
        before, self._changed = self._changed, set()
        for object_id in [object_id for object_id in self._rows if object_id not in kept and object_id not in before]:
            super().remove(object_id)
        removed = len(self._changed)
        for object_id, columns in kept.items():
            mine = self._rows.get(object_id)
            if mine is None or (object_id not in before and _columns(mine) != columns):
                self.put(row_of(columns))
        came_in = removed + len(self._changed) > 0
        self._seq = max([self._seq, *(columns[4] for columns in kept.values())])
        self._changed = before
        return came_in

    def _stamp(self) -> tuple[int, int] | None:
        try:
            facts = self.path.stat()
        except OSError:
            return None
        return facts.st_mtime_ns, facts.st_size

    def _read(self) -> dict[str, _Kept]:
        self._seen = self._stamp()
        try:
            file = msgspec.msgpack.decode(self.path.read_bytes(), type=_File)
        except (OSError, msgspec.MsgspecError):
            return {}
        return {columns[0]: columns for columns in file.rows} if file.version == SCHEMA_VERSION else {}

    def _write(self, kept: dict[str, _Kept]) -> None:
        try:
            self.path.parent.mkdir(exist_ok=True)
            new = self.path.with_suffix(".new")
            new.write_bytes(msgspec.msgpack.encode(_File(SCHEMA_VERSION, list(kept.values()))))
            os.replace(new, self.path)
        except FileNotFoundError:
            self.problem = (
                "What is on the service is gone with this kernel: a browser gives a page no drive that came over plain HTTP from another "
                "computer, or is in a private window. All else works."
            )
            return
        except OSError as error:
            self.problem = (
                f"What is on the service could not be kept in {self.path} ({error.strerror or error}); it is gone with this kernel."
            )
            return
        self.problem = ""
        self._changed.clear()
        self._seen = self._stamp()


def _columns(row: Row) -> _Kept:
    plan = encode(row.plan) if row.plan is not None else None
    return (row.id, row.kind, row.project, row.parent, row.seq, row.run_id, row.tokens, encode(row.body), plan)

"""The record of everything that happened, in the order in which it happened.

A check reads nothing but this: what was asked, what was answered, what runs did in between, and what the learner's own tools and tables
reported (witness events), all in one sequence.
"""

from collections import deque
from collections.abc import Iterator
from typing import Any, Literal, TypeAlias

import msgspec

What: TypeAlias = Literal["sent", "request", "lost", "run", "message", "step", "witness", "note", "outside"]

KEPT = 200_000


class Entry(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One line of the journal.

    `sent`: a client let go of a request. `request`: the service executed it (delivered) and answered. `lost`: a fault kept the request
    or its reply from arriving. `run`, `message`, `step`: an object changed by itself, as time went on. `witness`: something that the
    exercise handed out was used. `note`: a remark of the trial. `outside`: somebody outside of the engine was asked for an answer, or
    gave it.
    """

    n: int
    at: float
    """Seconds on the service's clock."""
    what: What
    operation: str = ""
    status: int | None = None
    """Of a request: the HTTP status of the reply."""
    state: str = ""
    """Of a run, message or step: the status it now has."""
    thread_id: str = ""
    run_id: str = ""
    object_id: str = ""
    request: int | None = None
    """Joins the `sent`, `request` and `lost` lines of one request."""
    detail: dict[str, Any] = {}

    def line(self, start: float = 0.0) -> str:
        """The entry as one line of text; times are counted from `start`."""
        where = " ".join(part for part in (self.thread_id, self.run_id, self.object_id) if part)
        parts = [f"#{self.n}", f"{self.at - start:.2f} s", self.what]
        if self.operation:
            parts.append(self.operation)
        if where:
            parts.append(where)
        if self.status is not None:
            parts.append(f"→ {self.status}")
        if self.state:
            parts.append(f"→ {self.state}")
        if message := self.detail.get("error") or self.detail.get("text"):
            parts.append(f"({message})")
        return "  ".join(parts)


class Journal:
    """Entries, oldest first. Iterating, indexing and `len` work as on a list; the last 200,000 are kept."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=KEPT)
        self._count = 0

    def add(self, at: float, what: What, **fields: Any) -> Entry:
        self._count += 1
        entry = Entry(self._count, at, what, **fields)
        self._entries.append(entry)
        return entry

    def amend(self, entry: Entry, **fields: Any) -> None:
        """Complete a line that was begun before its end was known."""
        first = self._entries[0].n if self._entries else entry.n + 1
        if entry.n >= first:
            self._entries[entry.n - first] = msgspec.structs.replace(entry, **fields)

    def clear(self) -> None:
        """Forget what was recorded; numbers go on."""
        self._entries.clear()

    def requests(self, operation: str | None = None, *, ok: bool | None = None, thread_id: str | None = None) -> list[Entry]:
        """The requests that reached the service; `ok` picks those that succeeded (or failed), the others narrow further."""
        return [
            entry
            for entry in self._entries
            if entry.what == "request"
            and (operation is None or entry.operation == operation)
            and (ok is None or ok == ((entry.status or 500) < 400))
            and (thread_id is None or entry.thread_id == thread_id)
        ]

    def text(self) -> str:
        """The whole journal, a line an entry, times counted from the first."""
        start = self._entries[0].at if self._entries else 0.0
        return "\n".join(entry.line(start) for entry in self._entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __getitem__(self, index: int) -> Entry:
        return self._entries[index]

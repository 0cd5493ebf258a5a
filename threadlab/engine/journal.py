"""The record of everything that happened, in the order in which it happened.

A check reads nothing but this: what was asked, what was answered, what runs did in between, and the use of what an exercise has handed out,
all in one sequence. There is a class for each kind of entry; sentences for people are made from entries and never read back.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Literal, TypeAlias, TypedDict, TypeVar

import msgspec

from threadlab.store.records import Row
from threadlab.wire.responses import Response

What: TypeAlias = Literal["sent", "request", "lost", "run", "message", "step", "witness", "note", "outside"]

Tables: TypeAlias = dict[str, list[dict[str, Any]]]
"""The rows of a database's tables, by the table's name."""

KEPT = 200_000


class Entry(msgspec.Struct, gc=False, omit_defaults=True, kw_only=True):
    """One line of the journal. What all kinds have in common; what is not known or does not apply is empty."""

    what: ClassVar[What]
    n: int = 0
    """Its number, from 1; the journal sets it."""
    at: float
    """Seconds on the service's clock."""
    operation: str = ""
    status: int | None = None
    """Of a request: the HTTP status of the reply."""
    state: str = ""
    """Of a run, message or step: the status it now has."""
    thread_id: str = ""
    run_id: str = ""
    conversation_id: str = ""
    response_id: str = ""
    object_id: str = ""
    request: int | None = None
    """Joins the `sent`, `request` and `lost` entries of one request."""
    text: str = ""
    """The text that this is about, at most its first 500 characters."""
    error: str = ""
    """What went wrong, in the API's words."""
    code: str | None = None
    """The API's code for it."""

    @property
    def home_id(self) -> str:
        """The thread or the conversation that this is about."""
        return self.thread_id or self.conversation_id

    @property
    def work_id(self) -> str:
        """The run or the response that this is about."""
        return self.run_id or self.response_id

    def line(self, start: float = 0.0) -> str:
        """The entry as one line of text; times are counted from `start`."""
        where = " ".join(part for part in (self.home_id, self.work_id, self.object_id) if part)
        parts = [f"#{self.n}", f"{self.at - start:.2f} s", self.what]
        if self.operation:
            parts.append(self.operation)
        if where:
            parts.append(where)
        if self.status is not None:
            parts.append(f"→ {self.status}")
        if self.state:
            parts.append(f"→ {self.state}")
        if message := self.error or self.text:
            parts.append(f"({message})")
        return "  ".join(parts)


class Sent(Entry):
    """A client let go of a request."""

    what: ClassVar[What] = "sent"
    texts: tuple[str, ...] = ()
    """The texts of the messages that it carries."""


class Executed(Entry):
    """The service executed a request (it was delivered), and answered."""

    what: ClassVar[What] = "request"
    role: str = ""
    """Of a new message."""
    metadata: Mapping[str, str] = msgspec.field(default_factory=dict)
    """Of an object that was made or changed."""
    window: tuple[str, ...] = ()
    """Of a new run or response: the ids of the messages or items that it reads, oldest first."""
    model: str = ""
    """Of a new run or response."""
    listed: tuple[str, ...] = ()
    """The ids that a list has shown."""
    added: tuple[str, ...] = ()
    """The ids of the items that were added to a conversation."""
    outputs: Mapping[str, str] = msgspec.field(default_factory=dict)
    """Tool outputs that were submitted, by the id of the call."""
    run_status: str = ""
    """The status of the run or response that the reply has shown."""
    size: int = 0
    """Bytes of an uploaded file."""


class Dropped(Entry):
    """A fault kept the request or its reply from arriving, or broke a stream."""

    what: ClassVar[What] = "lost"


class RunChanged(Entry):
    """A run or a response has a new status."""

    what: ClassVar[What] = "run"


class MessageChanged(Entry):
    """A message was begun or ended by a run or a response."""

    what: ClassVar[What] = "message"


class StepChanged(Entry):
    """A run step was begun or ended; or a response has put out an item that is not a message."""

    what: ClassVar[What] = "step"
    kind: str = ""
    """Of an item: its type."""


class ToolUsed(Entry):
    """A tool that the trial has handed out was called. `text` says so in words."""

    what: ClassVar[What] = "witness"
    tool: str
    arguments: Mapping[str, Any]
    output: str | None
    """What it returned; None if it raised."""
    raised: str = ""
    """The message of what it raised."""


class CallbackUsed(Entry):
    """A function of one text that the trial has handed out was called with `text`. `operation` is its name."""

    what: ClassVar[What] = "witness"


class DatabaseChanged(Entry):
    """Something was committed to the database that the trial has handed out. `text` has the rows that are new, in words."""

    what: ClassVar[What] = "witness"
    tables: Tables
    """All rows as they now are."""


class TurnMarked(Entry):
    """A driver began (`submitted`) or ended (`settled`) a turn of a user, or a step of its own (`resumed`)."""

    what: ClassVar[What] = "witness"
    turn: int = -1
    """The number of the turn, from 0."""
    user: str = ""


class Note(Entry):
    """A remark of the trial."""

    what: ClassVar[What] = "note"


class Deferred(Entry):
    """A question was asked of a responder outside of the engine (`asked`), or its answer came (`answered`)."""

    what: ClassVar[What] = "outside"
    calls: tuple[str, ...] = ()
    """The functions that the answer wants to be called."""
    usage: Any = None
    """What the responder says the answer has cost."""


E = TypeVar("E", bound=Entry)


class Ids(TypedDict, total=False):
    """Fields of an entry."""

    thread_id: str
    run_id: str
    conversation_id: str
    response_id: str
    object_id: str


def journal_ids(row: Row, object_id: str) -> Ids:
    """The ids of a run or a response, of what it belongs to and of an object, under the names that entries have for them."""
    if isinstance(row.body, Response):
        return {"conversation_id": row.parent, "response_id": row.id, "object_id": object_id}
    return {"thread_id": row.parent, "run_id": row.id, "object_id": object_id}


class Journal:
    """Entries, oldest first. Iterating, indexing and `len` work as on a list; the last 200,000 are kept."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=KEPT)
        self._count = 0

    def add(self, entry: E) -> E:
        """Append an entry; it gets the next number."""
        self._count += 1
        entry.n = self._count
        self._entries.append(entry)
        return entry

    def replace(self, entry: Entry, other: Entry) -> None:
        """Put another entry in the place of one."""
        other.n = entry.n
        first = self._entries[0].n if self._entries else entry.n + 1
        if entry.n >= first:
            self._entries[entry.n - first] = other

    def clear(self) -> None:
        """Forget what was recorded; numbers go on."""
        self._entries.clear()

    def requests(self, operation: str | None = None, *, ok: bool | None = None, thread_id: str | None = None) -> list[Executed]:
        """The requests that reached the service; `ok` picks those that succeeded (or failed), the others narrow further.

        `thread_id` may be a conversation's id as well.
        """
        return requests_in(self._entries, operation, ok=ok, thread_id=thread_id)

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


def requests_in(
    entries: Sequence[Entry], operation: str | None = None, *, ok: bool | None = None, thread_id: str | None = None
) -> list[Executed]:
    """The executed requests among entries, narrowed as by `Journal.requests`."""
    return [
        entry
        for entry in entries
        if isinstance(entry, Executed)
        and (operation is None or entry.operation == operation)
        and (ok is None or ok == ((entry.status or 500) < 400))
        and (thread_id is None or entry.home_id == thread_id)
    ]

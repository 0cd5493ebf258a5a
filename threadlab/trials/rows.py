"""From journal entries to the rows of a timeline."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from threadlab.engine.journal import (
    CallbackUsed,
    DatabaseChanged,
    Dropped,
    Entry,
    Executed,
    MessageChanged,
    RunChanged,
    Sent,
    ToolUsed,
    TurnMarked,
)
from threadlab.wire.statuses import RUN_ENDS

if TYPE_CHECKING:
    from threadlab.trials.trial import Evidence


LABELS = {"createMessage": "send", "createRun": "run", "createThreadAndRun": "run", "getRun": "wait", "listMessages": "read"}
"""Which part of a turn an operation is."""

POLLS = frozenset({"getRun"})
"""Operations whose replies are shown as one row where they say the same several times."""


ENDED = frozenset(RUN_ENDS)


NO_BREAK = "\u00a0"
"""Between the words of a text that is shown letter for letter: a picture would drop spaces at an end, and break the line at one."""

_REFUSALS = (("Can't add messages", "a run is active"), ("already has an active run", "another run is active"))


class Row(NamedTuple):
    """One moment: what each lane shows of it."""

    at: float
    """Seconds since the beginning."""
    code: str = ""
    thread: str = ""
    run: str = ""
    sent: int | None = None
    """The request that was let go of at this moment and arrives later."""
    arrived: int | None = None
    """The request, sent earlier or just now, that arrives at this moment."""
    refused: bool = False
    thread_id: str = ""
    state: str = ""
    """The status that the thread's run has from now on."""
    in_flight: tuple[str, ...] = ()
    """What is in flight after this moment."""
    times: int = 1
    """How many polls in a row this stands for."""
    operation: str = ""
    """Of a reply: of which operation."""
    reads: int | None = None
    """Of a new run or response: how many messages or items it reads."""
    broken: bool = False
    """A reply, or a stream, that broke off on its way back to the code; or a request that never got as far as the service."""


class JournalReader:
    """Reads the journal in the order of time and writes a row for each moment that a lane shows."""

    def __init__(self, entries: Sequence[Entry], start: float) -> None:
        # The journal is in the order of learning: what a run did by itself is written when somebody next asks.
        self.entries = sorted(entries, key=lambda entry: entry.at)
        self.start = start
        threads = list(dict.fromkeys(entry.home_id for entry in self.entries if entry.home_id))
        self.names = {thread_id: f"{chr(65 + index % 26)}: " for index, thread_id in enumerate(threads)} if len(threads) > 1 else {}
        self.entries = _cuts_last(self.entries)
        self.flying: dict[int, str] = {}
        self.carried_out = {entry.request for entry in self.entries if entry.what == "request"}
        self.unanswered = {entry.request for entry in self.entries if entry.what == "lost" and entry.request in self.carried_out}
        """Requests that were carried out and whose reply was lost."""
        self.lost = ""
        """The operation whose reply, or whose request, was the last thing to be lost."""
        self.begun: dict[str, str] = {}
        """The first status of each run; of a response whose reply is held back until it has ended, that is `in_progress`."""
        for entry in self.entries:
            if entry.what == "run":
                self.begun.setdefault(entry.work_id, entry.state)

    def rows(self) -> list[Row]:
        rows: list[Row] = []
        for index, entry in enumerate(self.entries):
            following = self.entries[index + 1] if index + 1 < len(self.entries) else None
            row = self._row(entry, following)
            if row is None:
                continue
            row = row._replace(at=entry.at - self.start, in_flight=tuple(self.flying.values()))
            if rows and (joined := _joined(rows[-1], row)):
                rows[-1] = joined
            else:
                rows.append(row)
        return rows

    def _row(self, entry: Entry, following: Entry | None) -> Row | None:
        match entry:
            case Sent():
                return self._sent(entry, following)
            case Executed():
                return self._arrived(entry)._replace(operation=entry.operation)
            case Dropped():
                return self._dropped(entry)
            case RunChanged():
                return self._run(entry)
            case MessageChanged() if entry.state != "in_progress":
                return Row(0, thread=self._of(entry, f"reply: {_quoted(entry.text)}"), thread_id=entry.home_id)
            case ToolUsed() | CallbackUsed() | DatabaseChanged() | TurnMarked():
                return Row(0, code=_used(entry))
        return None

    def _sent(self, entry: Entry, following: Entry | None) -> Row | None:
        """Nothing of its own when it is alone and arrives before anything else happens: its arrival then says it all."""
        alone = not self.flying and following is not None and following.what == "request"
        if alone and following is not None and following.request == entry.request:
            return None
        assert entry.request is not None
        self.flying[entry.request] = _words(entry.operation)
        return Row(0, code=self._again(entry) + _labelled(entry.operation), sent=entry.request, operation=entry.operation)

    def _reply_name(self, entry: Entry) -> str:
        later = self.flying.pop(entry.request, None) if entry.request is not None else None
        return f"reply to {_words(entry.operation)}" if later else self._again(entry) + _labelled(entry.operation)

    def _dropped(self, entry: Dropped) -> Row:
        if entry.operation == "stream":
            events = re.search(r"\d+", entry.text.rpartition("after")[2])
            return Row(0, code=f"the stream breaks off{f', after {events[0]} events' if events else ''}", broken=True)
        self._reply_name(entry)  # it is no longer in flight
        self.lost = entry.operation
        if entry.text.startswith("500_after"):
            return Row(0, code="a 500 arrives, although it was carried out")
        if entry.request in self.carried_out:
            return Row(0, code="no reply arrives", thread=self._of(entry, "the reply is lost"), broken=True)
        return Row(0, code="no reply arrives: the request was lost", arrived=entry.request, broken=True)

    def _arrived(self, entry: Executed) -> Row:
        later = entry.request in self.flying
        name = self._reply_name(entry)
        good = entry.status is not None and entry.status < 400
        code_text = name if entry.request in self.unanswered and not later else f"{name}: {entry.status}"
        row = Row(0, arrived=entry.request, thread_id=entry.home_id, refused=not good, code=code_text)
        if not good:
            return row._replace(thread=self._of(entry, f"refused: {_reason(entry.error)}"))
        if entry.operation == "getRun":
            return row._replace(code=f"{name}: {entry.run_status.replace('_', ' ')}")
        if entry.operation in ("createMessage", "createConversationItems"):
            return row._replace(thread=self._of(entry, f"stored: {_quoted(entry.text)}"))
        if entry.operation in ("createRun", "createThreadAndRun"):
            return row._replace(run=self._of(entry, f"queued, reads {_much(entry, 'message')}"), state="queued", reads=len(entry.window))
        if entry.operation == "createResponse":
            state = self.begun.get(entry.work_id, "queued")
            waits_for_reply = state == "in_progress"
            code = f"{_words(entry.operation)} arrives; its reply comes when it is done" if waits_for_reply else row.code
            run = self._of(entry, f"{state.replace('_', ' ')}, reads {_much(entry, 'item')}")
            return row._replace(code=code, run=run, state=state, reads=len(entry.window))
        return row

    def _run(self, entry: Entry) -> Row | None:
        if entry.state == "queued" or (entry.state == "in_progress" == self.begun.get(entry.work_id)):
            return None  # its request has said so
        why = f": {_reason(entry.error)}" if entry.error else ""
        return Row(0, run=self._of(entry, entry.state.replace("_", " ") + why), thread_id=entry.home_id, state=entry.state)

    def _again(self, entry: Entry) -> str:
        """ "again, " where the same operation is sent once more after a loss."""
        again, self.lost = entry.operation == self.lost, ""
        return "again, " if again else ""

    def _of(self, entry: Entry, text: str) -> str:
        return self.names.get(entry.home_id, "") + text


def _cuts_last(entries: Sequence[Entry]) -> list[Entry]:
    """A stream's cut is written when the service sends the last event; what the code did with that event belongs before it."""
    ordered = list(entries)
    for index in range(len(ordered) - 2, -1, -1):
        place = index
        while ordered[place].operation == "stream" and place + 1 < len(ordered) and _same_moment(ordered[place], ordered[place + 1]):
            ordered[place], ordered[place + 1] = ordered[place + 1], ordered[place]
            place += 1
    return ordered


def _same_moment(cut: Entry, used: Entry) -> bool:
    return used.what == "witness" and abs(used.at - cut.at) < 1e-6


def _much(entry: Executed, what: str) -> str:
    """How much a run reads."""
    count = len(entry.window)
    return f"{count} {what}{'' if count == 1 else 's'}"


def _used(entry: Entry) -> str:
    """What was handed out and used; a callback with what it was given."""
    plain = isinstance(entry, DatabaseChanged) or not (entry.text or isinstance(entry, CallbackUsed))
    if plain:
        return f"uses {entry.operation}"
    exact = entry.text if len(entry.text) <= 60 else f"{entry.text[:59]}…"
    return f"{entry.operation}(“{exact.replace(' ', NO_BREAK)}”)"


def _joined(before: Row, row: Row) -> Row | None:
    """One row for two moments where that says the same: polls in a row, and a reply with the end of its run."""
    poll = before.code == row.code and row.operation in POLLS and row.in_flight == before.in_flight
    if poll and not (row.thread or row.run or before.sent or row.sent):
        return before._replace(at=row.at, times=before.times + 1)
    same_time = abs(before.at - row.at) < 1e-6 and not before.code and not row.code
    if same_time and before.thread_id == row.thread_id and not before.run and not row.thread:
        return before._replace(run=row.run, state=row.state)
    return None


def ending_rows(evidence: Evidence) -> list[Row]:
    """How the function ended, and what it left behind without looking."""
    ending, at = evidence.ending, evidence.seconds
    if ending.how == "returned":
        first = f"returns {_value(ending.value)}"
    elif ending.how == "halted":
        first = f"is stopped: {ending.message}"
    else:
        first = f"raises {ending.type}: {_reason(ending.message)}"
    left = [f"An error that was never looked at: {_reason(error.partition(': ')[2])}" for error in ending.task_errors]
    left += [f"Nothing waited for {name}" for name in ending.forgotten]
    left += [f"Nothing awaited {name}: it was never sent" for name in ending.never_awaited]
    flying = tuple(_words(label) for label in evidence.in_flight)
    return [Row(at, code=first, in_flight=flying), *(Row(at, code=text, in_flight=flying, refused=True) for text in left)]


def _value(value: Any) -> str:
    if isinstance(value, dict) and "$" in value:
        status = f" ({value['status']})" if value.get("status") else ""
        return f"a {value['$']}{status}"
    return _quoted(value) if isinstance(value, str) else str(value)


def _words(operation: str) -> str:
    """`createMessage` as a person would say it."""
    plain = {"getRun": "retrieve run", "getThread": "retrieve thread", "getMessage": "retrieve message"}
    return plain.get(operation) or re.sub(r"(?<=[a-z])(?=[A-Z])", " ", operation).lower()


def _labelled(operation: str) -> str:
    label = LABELS.get(operation)
    return f"{label}: {_words(operation)}" if label else _words(operation)


def _quoted(text: object) -> str:
    plain = " ".join(str(text).split())
    return f"“{plain if len(plain) <= 60 else plain[:59].rstrip() + '…'}”"


def _reason(message: str) -> str:
    """An error's message, short enough for a lane."""
    for phrase, short in _REFUSALS:
        if phrase in message:
            return short
    plain = re.sub(r"\b(thread|run|msg|asst)_\w{20,}", r"\1_…", message)
    return plain if len(plain) <= 80 else plain[:79].rstrip() + "…"

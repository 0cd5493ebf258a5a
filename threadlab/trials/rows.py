"""From journal entries to the rows of a timeline."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from threadlab.engine.journal import Entry

if TYPE_CHECKING:
    from threadlab.trials.trial import Evidence


LABELS = {"createMessage": "send", "createRun": "run", "createThreadAndRun": "run", "getRun": "wait", "listMessages": "read"}
"""Which part of a turn an operation is."""


ENDED = frozenset({"completed", "failed", "incomplete", "cancelled", "expired"})


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


class JournalReader:
    """Reads the journal in the order of time and writes a row for each moment that a lane shows."""

    def __init__(self, entries: Sequence[Entry], start: float) -> None:
        # The journal is in the order of learning: what a run did by itself is written when somebody next asks.
        self.entries = sorted(entries, key=lambda entry: entry.at)
        self.start = start
        threads = list(dict.fromkeys(entry.thread_id for entry in self.entries if entry.thread_id))
        self.names = {thread_id: f"{chr(65 + index % 26)}: " for index, thread_id in enumerate(threads)} if len(threads) > 1 else {}
        self.flying: dict[int, str] = {}
        self.begun: dict[str, str] = {}
        """The first status of each run; of a response whose reply is held back until it has ended, that is `in_progress`."""
        for entry in self.entries:
            if entry.what == "run":
                self.begun.setdefault(entry.run_id, entry.state)

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
        match entry.what:
            case "sent":
                return self._sent(entry, following)
            case "request" | "lost":
                return self._arrived(entry)
            case "run":
                return self._run(entry)
            case "message" if entry.state != "in_progress":
                return Row(0, thread=self._of(entry, f"reply: {_quoted(entry.detail.get('text', ''))}"), thread_id=entry.thread_id)
            case "witness":
                return Row(0, code=_used(entry))
        return None

    def _sent(self, entry: Entry, following: Entry | None) -> Row | None:
        """Nothing of its own when it is alone and arrives before anything else happens: its arrival then says it all."""
        alone = not self.flying and following is not None and following.what == "request"
        if alone and following is not None and following.request == entry.request:
            return None
        assert entry.request is not None
        self.flying[entry.request] = _words(entry.operation)
        return Row(0, code=_labelled(entry.operation), sent=entry.request)

    def _arrived(self, entry: Entry) -> Row:
        later = self.flying.pop(entry.request, None) if entry.request is not None else None
        name = f"reply to {_words(entry.operation)}" if later else _labelled(entry.operation)
        if entry.operation == "stream":
            return Row(0, code="stream: cut off", thread=self._of(entry, str(entry.detail.get("text", ""))), refused=True)
        if entry.what == "lost":
            return Row(
                0, code=f"{name}: none", thread=self._of(entry, str(entry.detail.get("text", "lost"))), arrived=entry.request, refused=True
            )
        good = entry.status is not None and entry.status < 400
        row = Row(0, arrived=entry.request, thread_id=entry.thread_id, refused=not good, code=f"{name}: {entry.status}")
        if not good:
            return row._replace(thread=self._of(entry, f"refused: {_reason(str(entry.detail.get('error', '')))}"))
        if entry.operation == "getRun":
            return row._replace(code=f"{name}: {str(entry.detail.get('status', '')).replace('_', ' ')}")
        if entry.operation in ("createMessage", "createConversationItems"):
            return row._replace(thread=self._of(entry, f"stored: {_quoted(entry.detail.get('text', ''))}"))
        if entry.operation in ("createRun", "createThreadAndRun"):
            return row._replace(run=self._of(entry, f"queued, reads {_much(entry, 'message')}"), state="queued")
        if entry.operation == "createResponse":
            state = self.begun.get(entry.run_id, "queued")
            held = state == "in_progress"
            code = f"{_words(entry.operation)} arrives; its reply comes when it is done" if held else row.code
            run = self._of(entry, f"{state.replace('_', ' ')}, reads {_much(entry, 'item')}")
            return row._replace(code=code, run=run, state=state)
        return row

    def _run(self, entry: Entry) -> Row | None:
        if entry.state == "queued" or (entry.state == "in_progress" == self.begun.get(entry.run_id)):
            return None  # its request has said so
        why = f": {_reason(str(entry.detail['error']))}" if entry.detail.get("error") else ""
        return Row(0, run=self._of(entry, entry.state.replace("_", " ") + why), thread_id=entry.thread_id, state=entry.state)

    def _of(self, entry: Entry, text: str) -> str:
        return self.names.get(entry.thread_id, "") + text


def _much(entry: Entry, what: str) -> str:
    """How much a run reads."""
    count = len(entry.detail.get("window", []))
    return f"{count} {what}{'' if count == 1 else 's'}"


def _used(entry: Entry) -> str:
    """What was handed out and used; a callback with what it was given."""
    text = entry.detail.get("text")
    return f"uses {entry.operation}" if entry.operation == "database" or text is None else f"{entry.operation}({_quoted(text)})"


def _joined(before: Row, row: Row) -> Row | None:
    """One row for two moments where that says the same: polls in a row, and a reply with the end of its run."""
    poll = before.code == row.code and row.code.startswith(LABELS["getRun"]) and row.in_flight == before.in_flight
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
    left = [f"An error that nobody saw: {_reason(error.partition(': ')[2])}" for error in ending.task_errors]
    left += [f"Nobody waited for {name}" for name in ending.forgotten]
    left += [f"Nobody awaited {name}: it was never sent" for name in ending.never_awaited]
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
    for known, short in _REFUSALS:
        if known in message:
            return short
    plain = re.sub(r"\b(thread|run|msg|asst)_\w{20,}", r"\1_…", message)
    return plain if len(plain) <= 80 else plain[:79].rstrip() + "…"

"""What had happened by each moment of a timeline: its lines of the journal, what was on the threads, what a run read."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from typing import NamedTuple

from threadlab.engine.assistants_api.lifecycle import TERMINAL
from threadlab.engine.journal import Entry, Executed, Journal, Sent
from threadlab.trials.rows import JournalReader, Row, _joined, ending_rows
from threadlab.trials.trial import Evidence

STARTS_RUN = ("createRun", "createThreadAndRun")


class Said(NamedTuple):
    """A message on a thread."""

    id: str
    role: str
    text: str
    since: int
    """The place in the journal (by time) from which it is there; -1: from the beginning."""


class Run(NamedTuple):
    """A run, as the journal tells it."""

    id: str
    thread_id: str
    since: int
    window: tuple[str, ...]


class View(NamedTuple):
    """A message as it looks at one moment."""

    said: Said
    seen: str
    """What the thread's last run has to do with it, in words."""
    read: bool
    """Whether that run reads it, or would."""


class Moments:
    """The rows of a timeline, each with its journal lines, and what stood where after it."""

    def __init__(self, source: Evidence | Journal) -> None:
        evidence = source if isinstance(source, Evidence) else None
        journal = source.journal if isinstance(source, Evidence) else source
        self.start = evidence.start if evidence else journal[0].at if len(journal) else 0.0
        reader = _Tracking(list(journal), self.start)
        self.rows: list[Row] = reader.rows()
        self.entries: list[Entry] = reader.entries
        self.last: list[int] = reader.last
        """For each row, the place in `entries` of its last journal line."""
        if evidence:
            ending = ending_rows(evidence)
            self.rows += ending
            self.last += [len(self.entries) - 1] * len(ending)
        self._read(evidence)

    def __len__(self) -> int:
        return len(self.rows)

    def lines(self, index: int) -> list[Entry]:
        """The journal lines that row `index` stands for (the last ones, of very many)."""
        first = self.last[index - 1] + 1 if index else 0
        return self.entries[max(first, self.last[index] - 7) : self.last[index] + 1]

    def row_after(self, count: int) -> int:
        """The first row that shows something written after the journal's first `count` lines."""
        return next((index for index in range(len(self.rows)) if any(entry.n > count for entry in self.lines(index))), len(self.rows))

    def happened(self, count: int) -> int:
        """The place in the journal after `count` rows; -1: nothing has happened yet."""
        return self.last[count - 1] if count else -1

    # ---- what stood where ---------------------------------------------------------------------------------------------------------------

    def _read(self, evidence: Evidence | None) -> None:
        self.runs: list[Run] = []
        self.states: dict[str, list[tuple[int, str]]] = {}
        self.made: dict[str, int] = {}
        by_thread: dict[str, dict[str, Said]] = {}
        texts: dict[str, int] = {}
        carried = {entry.request: entry.texts for entry in self.entries if isinstance(entry, Sent) and entry.texts}
        for place, entry in enumerate(self.entries):
            good = entry.what == "request" and (entry.status or 500) < 400
            if entry.home_id:
                by_thread.setdefault(entry.home_id, {})
            if entry.what == "run":
                self.states.setdefault(entry.work_id, []).append((place, entry.state))
            elif entry.what == "message" and entry.state != "in_progress":
                by_thread[entry.home_id][entry.object_id] = Said(entry.object_id, "assistant", entry.text, place)
            elif not isinstance(entry, Executed) or not good:
                continue
            elif entry.operation == "createMessage":
                by_thread[entry.home_id][entry.object_id] = Said(entry.object_id, entry.role or "user", entry.text, place)
            elif entry.operation in (*STARTS_RUN, "createThread"):
                if entry.operation != "createRun":
                    self.made[entry.home_id] = place
                texts |= dict.fromkeys(carried.get(entry.request, ()), place)
                if entry.operation != "createThread":
                    self.runs.append(Run(entry.work_id, entry.home_id, place, entry.window))
        self.said: dict[str, list[Said]] = {}
        for thread_id, messages in by_thread.items():
            there = evidence.messages(thread_id) if evidence else []
            others = (
                Said(one.id, one.role, one.text, texts.get(one.text[:500], self.made.get(thread_id, -1)))
                for one in there
                if one.id not in messages
            )
            self.said[thread_id] = sorted([*others, *messages.values()], key=lambda one: one.since)

    def run_at(self, thread_id: str, place: int) -> tuple[Run, str] | None:
        """The newest run of a thread at a place in the journal, with its status."""
        run = next((run for run in reversed(self.runs) if run.thread_id == thread_id and run.since <= place), None)
        if run is None:
            return None
        states = self.states.get(run.id, [])
        index = bisect_right([at for at, _ in states], place)
        return run, states[index - 1][1] if index else "queued"

    def views(self, thread_id: str, place: int) -> list[View]:
        """The messages of a thread at a place in the journal, oldest first."""
        here = [message for message in self.said.get(thread_id, ()) if message.since <= place]
        run = self.run_at(thread_id, place)
        return [View(message, *_relation(message, run)) for message in here]

    def threads(self) -> Iterable[str]:
        return self.said


def _relation(said: Said, found: tuple[Run, str] | None) -> tuple[str, bool]:
    if found is None:
        return "a run created now would read it", True
    run, status = found
    if said.id in run.window:
        return "the run reads it" if status not in TERMINAL else "the run read it", True
    if said.since > run.since:
        return ("the run's reply" if said.role == "assistant" else "came after the run's request"), False
    return "left out of the run's window", False


class _Tracking(JournalReader):
    """A reader that remembers which journal lines became which row."""

    def rows(self) -> list[Row]:
        rows: list[Row] = []
        self.last: list[int] = []
        for index, entry in enumerate(self.entries):
            row = self._row(entry, self.entries[index + 1] if index + 1 < len(self.entries) else None)
            if row is None:
                if self.last and entry.what not in ("sent", "request"):
                    self.last[-1] = index
                continue
            row = row._replace(at=entry.at - self.start, in_flight=tuple(self.flying.values()))
            if rows and (joined := _joined(rows[-1], row)):
                rows[-1], self.last[-1] = joined, index
            else:
                rows.append(row)
                self.last.append(index)
        return rows

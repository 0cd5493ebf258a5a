"""The thread view: a conversation as the service keeps it, what a run read of it, and the lock while it is held.

ThreadView(client, thread_id)      # any client of the SDK; press Refresh, or Follow while a run is going
ThreadView(service, thread_id)     # a service of your own: its journal also tells each run's window
ThreadView(evidence, thread_id)    # how things stood at the end of a trial
"""

from __future__ import annotations

import asyncio
import textwrap
from typing import Any, NamedTuple

from markupsafe import Markup

from threadlab.engine.assistants_api.lifecycle import ACTIVE
from threadlab.engine.journal import Journal
from threadlab.service.in_process import Service
from threadlab.svg import Picture, box, path, text_at
from threadlab.trials.trial import Evidence
from threadlab.widgets import base
from threadlab.widgets.moments import STARTS_RUN
from threadlab.widgets.rerun import quietly

SHOWN = 40
"""Messages shown at once: the newest."""
FOLLOWS = 120
"""How often a view that follows looks again, at most; once a second."""


class Said(NamedTuple):
    id: str
    role: str
    text: str
    at: int
    run_id: str
    status: str


class Snapshot(NamedTuple):
    """A thread as it was when somebody looked."""

    messages: list[Said]
    """Oldest first."""
    runs: dict[str, str]
    """Run ids with their statuses, oldest first."""
    windows: dict[str, tuple[str, ...]]
    """What each run read, where a journal tells it."""


class ThreadView(base.Widget):
    """The conversation, message by message."""

    def __init__(self, source: Any, thread_id: str, title: str = "Thread") -> None:
        super().__init__()
        self.source, self.thread_id, self.title = source, thread_id, title
        self.chosen = ""
        self._following: asyncio.Task[None] | None = None
        self.now: Snapshot = quietly(self._look)

    # ---- reading ------------------------------------------------------------------------------------------------------------------------

    def _look(self) -> Snapshot:
        if isinstance(self.source, Evidence):
            return _from_evidence(self.source, self.thread_id)
        client = self.source.client() if isinstance(self.source, Service) else self.source
        messages = list(client.beta.threads.messages.list(self.thread_id, order="desc", limit=100).data)[::-1]
        runs = list(client.beta.threads.runs.list(self.thread_id, order="desc", limit=50).data)[::-1]
        listed_messages = [
            Said(
                one.id,
                one.role,
                "".join(part.text.value for part in one.content if part.type == "text"),
                one.created_at,
                one.run_id or "",
                one.status or "completed",
            )
            for one in messages
        ]
        windows = _windows(self.source.journal, self.thread_id) if isinstance(self.source, Service) else {}
        return Snapshot(listed_messages, {run.id: run.status for run in runs}, windows)

    @property
    def locked_by(self) -> str:
        """The run that holds the thread's lock; empty when it is free."""
        return next((run_id for run_id, status in self.now.runs.items() if status in ACTIVE), "")

    @property
    def run_id(self) -> str:
        """The run whose window is marked: the chosen one, or the newest."""
        return self.chosen if self.chosen in self.now.runs else next(reversed(self.now.runs), "")

    def do_refresh(self, value: Any = "") -> None:
        before = self.now
        self.now = quietly(self._look)
        more = len(self.now.messages) - len(before.messages)
        self.said = f"{f'{more} more messages. ' if more > 0 else 'No new message. '}{self._lock()}"

    def do_run(self, value: Any) -> None:
        self.chosen = str(value)

    def do_follow(self, value: Any = "") -> None:
        """Look once a second while a run is going; in the kernel's own event loop, without a thread."""
        if self.following:
            assert self._following is not None
            self._following.cancel()
            self._following = None
            self.said = "No longer following."
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self.said = "There is no event loop here to follow with: press Refresh."
            return
        self._following = loop.create_task(self._follow())
        self.said = "Following: a look every second, until no run is going."

    @property
    def following(self) -> bool:
        return self._following is not None and not self._following.done()

    async def _follow(self) -> None:
        for _ in range(FOLLOWS):
            await asyncio.sleep(1)
            self.act("refresh")
            if not self.locked_by:
                break
        self._following = None
        self.show()

    # ---- shown --------------------------------------------------------------------------------------------------------------------------

    def _lock(self) -> str:
        if not self.locked_by:
            return "No run is going: the thread is free."
        status = self.now.runs[self.locked_by].replace("_", " ")
        return f"The thread is locked by {self.locked_by} ({status}): messages and further runs are refused."

    def _mark(self, said: Said) -> str:
        """What the run whose window is marked has to do with a message."""
        run_id = self.run_id
        if not run_id:
            return "no run yet"
        if said.run_id == run_id:
            return "the run's reply"
        window = self.now.windows.get(run_id)
        if window is None:
            return "not known"
        return "read by the run" if said.id in window else "not read by the run"

    def _knows(self) -> bool:
        """Whether this source tells what a run has read. The API does not; a journal does."""
        return bool(self.now.windows)

    def _cells(self) -> list[tuple[str, ...]]:
        return [
            (one.id, _clock(one.at), one.role, one.text[:300], one.run_id or "–", *((self._mark(one),) if self._knows() else ()))
            for one in self.now.messages[-SHOWN:]
        ]

    def _heading(self) -> str:
        count = len(self.now.messages)
        more = f" (the newest {SHOWN} are shown)" if count > SHOWN else ""
        return f"{self.title} {self.thread_id}: {count} message{'' if count == 1 else 's'}{more}"

    def picture(self, width: float = 860) -> Picture:
        parts: list[Markup] = [text_at(20, 30, f"{'■ locked' if self.locked_by else '□ free'} · {self._heading()}", "tl-head")]
        y = 52.0
        for message in self.now.messages[-SHOWN:]:
            lines = textwrap.wrap(" ".join(message.text.split())[:300] or "(no text yet)", 62)[:3]
            high = 26.0 + 16 * len(lines)
            left = 60.0 if message.role == "user" else 120.0
            mark = self._mark(message)
            read = mark == "read by the run"
            parts.append(box(left, y, 470, high, "tl-lit" if read else "tl-box", 8))
            by = f" · answers {message.run_id[:12]}…" if message.run_id else ""
            parts.append(text_at(left + 12, y + 17, f"{message.role} · {message.id[:14]}… · {_clock(message.at)}{by}", "tl-name"))
            parts += [text_at(left + 12, y + 34 + 16 * number, line) for number, line in enumerate(lines)]
            if self._knows():
                parts.append(text_at(612, y + high / 2 + 4, f"{'●' if read else '○'} {mark}", "tl-strong" if read else "tl-dim"))
            y += high + 10
        if self.locked_by:
            parts.append(path(f"M36 52V{y:.0f}", "tl-taken"))
            parts.append(text_at(24, y + 12, f"■ lock held: {self.now.runs[self.locked_by].replace('_', ' ')}", "tl-strong"))
            y += 22
        said_ = f"{self._heading()}. {self._lock()} The table says the same, message by message."
        return Picture(parts, self.title, said_, width if self._knows() else 720, y + 12)

    def _head(self) -> tuple[str, ...]:
        return ("id", "time (UTC)", "who", "text", "written by the run", *(("the marked run",) if self._knows() else ()))

    def _table(self) -> Markup:
        return base.table(self._heading(), self._head(), self._cells())

    def body(self) -> Markup:
        options = [(run_id, f"{run_id} ({status.replace('_', ' ')})") for run_id, status in self.now.runs.items()]
        picked = base.select("run", "Window of", options, self.run_id) if options and self._knows() else Markup("")
        buttons = base.button("refresh", "Refresh", main=True)
        if not isinstance(self.source, Evidence):
            buttons += base.button("follow", "Follow", pressed=self.following)
        same = base.folded("The same as a table", self._table())
        return base.joined([base.paragraph(self._lock()), base.bar(buttons, picked), self.picture().inside(), same])

    def still(self) -> Markup:
        return base.joined([base.paragraph(self._lock()), self.picture().image(), self._table()])

    def text(self) -> str:
        rows = [(*row[:3], row[3][:60], *row[4:]) for row in self._cells()]
        return f"{self._heading()}\n{self._lock()}\n\n{base.plain_table(self._head(), rows)}"


def _windows(journal: Journal, thread_id: str) -> dict[str, tuple[str, ...]]:
    started = (entry for name in STARTS_RUN for entry in journal.requests(name, ok=True, thread_id=thread_id))
    return {entry.run_id: entry.window for entry in started}


def _from_evidence(evidence: Evidence, thread_id: str) -> Snapshot:
    messages = [Said(one.id, one.role, one.text, one.created_at, one.run_id or "", one.status) for one in evidence.messages(thread_id)]
    runs = {entry.run_id: entry.state for entry in evidence.journal if entry.what == "run" and entry.thread_id == thread_id}
    return Snapshot(messages, runs, _windows(evidence.journal, thread_id))


def _clock(at: int) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(at, UTC).strftime("%H:%M:%S")

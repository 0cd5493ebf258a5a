"""The service of a notebook where there are no processes: inside the kernel, behind the SDK's default client.

A tab has no server that could outlive a kernel and no way to interrupt a cell. So what is on the service is copied to a file, which the
browser keeps, and a cell that polls for ever is ended by a count.
"""

from __future__ import annotations

import os
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import httpx2

from threadlab.engine import Engine, Outcome
from threadlab.service.in_process import Service
from threadlab.service.transport import ServiceTransport
from threadlab.store.shared_file import SharedFileStore
from threadlab.virtual_time import patches, steps
from threadlab.virtual_time.clock import Clock

HOST = "threads.invalid"
BASE_URL = f"http://{HOST}/v1"
"""Where clients believe the service to be. Nothing is looked up, and no request leaves the kernel."""

KEY = "sk-threadlab-this-tab"

FILE = Path("/drive/.threads/service.msgpack")
"""Where the browser keeps what is on the service, beside the notebooks."""

SAME_QUESTION = 5_000
"""How often in a row a cell may send the same request."""

NOTHING_DUE = 500
"""The same, while nothing is under way on the service that could change the reply."""

REQUESTS = 20_000
"""How many requests a cell may send."""

TURNS = 20_000_000
"""How often a cell may go round its loops."""

LONGEST = 900.0
"""Seconds of real time that a cell with loops may take: longer than a run can last."""

STOP = FILE.with_name("stop")
"""A file that the page writes when the learner wants the cell to end; the cell removes it."""

SYNC_EVERY = 2.0
"""Seconds of real time between two copies while a cell runs."""

LOOK_EVERY = 1.0
"""Seconds of real time between two looks for that file."""

_clock = time.monotonic


def has_processes() -> bool:
    """Whether this Python can start another one."""
    return sys.platform != "emscripten"


if not has_processes():
    # The lock on the files of a local server. There is none here; and the SDK makes clients with options for connections, which are none.
    warnings.filterwarnings("ignore", message="only soft file lock is available")
    warnings.filterwarnings("ignore", message="The following transport option")


class CellStopped(BaseException):
    """A cell was ended because it would not end by itself. Not an Exception, so that a loop that catches everything ends as well."""


class TabTransport(ServiceTransport):
    """The way in for the notebook's clients: it counts, and sees to it that what was acknowledged is kept."""

    def __init__(self, engine: Engine, clock: Clock, store: SharedFileStore) -> None:
        super().__init__(engine, clock)
        self.before_request: list[Callable[[], None]] = []
        """Called before each request. One that raises keeps it from being sent."""
        self._store = store
        self._synced = self._looked = _clock()
        self.begin_cell()

    def begin_cell(self) -> None:
        """A new cell: the counts begin again."""
        self._sent = self._same = 0
        self._last = ""
        STOP.unlink(missing_ok=True)  # asked for when nothing was running
        self._begun = _clock()
        steps.count_with(steps.Turns(TURNS, lambda: CellStopped(f"this cell went round its loops {TURNS:,} times. {_WHY}"), self._look))

    def _look(self) -> None:
        """Now and then while a cell runs: whether it has been at it for too long, or is to stop."""
        now = _clock()
        if now - self._begun > LONGEST:
            self._begun = now - LONGEST * 0.9
            raise CellStopped(f"this cell has run for {LONGEST / 60:.0f} minutes. {_WHY}")
        if now - self._looked > LOOK_EVERY:
            self._looked = now
            if STOP.exists():
                STOP.unlink(missing_ok=True)
                raise CellStopped("this cell was stopped, as you asked.")

    def sync(self) -> None:
        """Copy to the file what has changed, and take over what other notebooks have done."""
        with self.lock:
            if self._store.sync():
                self.engine.invalidate()
            self._synced = _clock()

    def _deliver(self, request: httpx2.Request) -> Outcome:
        for look in self.before_request:
            look()
        self._count(request)
        self._look()
        outcome = super()._deliver(request)
        if self._store.unsaved and _clock() - self._synced > SYNC_EVERY:
            self.sync()
        return outcome

    def _count(self, request: httpx2.Request) -> None:
        question = f"{request.method} {request.url.path}"
        self._sent += 1
        self._same = self._same + 1 if question == self._last else 1
        self._last = question
        if self._sent > REQUESTS:
            raise CellStopped(f"this cell has sent {REQUESTS:,} requests. {_WHY}")
        if self._same > (NOTHING_DUE if self.engine.next_at is None else SAME_QUESTION) and request.method == "GET":
            raise CellStopped(f"this cell has sent {self._same - 1:,} times in a row: {question}. {_WHY}")


_WHY = "A browser tab cannot interrupt a cell, so the service ends what would go on for ever. Give the loop an end: a deadline, or a count."


class TabService:
    """A service over `file`, behind every client that is made with `BASE_URL`: the default, once `environment()` is in the environment."""

    def __init__(self, file: Path = FILE, clock: str = "real") -> None:
        self.store = SharedFileStore(file)
        self.service = Service(store=self.store, clock=clock, seed=int.from_bytes(os.urandom(6)), keys={KEY: "default"})
        self.transport = TabTransport(self.service.engine, self.service.clock, self.store)
        patches.route(HOST, self.transport)

    @staticmethod
    def environment() -> dict[str, str]:
        return {"OPENAI_BASE_URL": BASE_URL, "OPENAI_API_KEY": KEY}

    def close(self) -> None:
        """Copy what is left, and take no more requests. Nothing is counted any more."""
        patches.route(HOST, None)
        steps.count_with(None)
        self.transport.sync()
        self.service.close()

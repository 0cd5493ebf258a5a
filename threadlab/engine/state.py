"""What is under way: when each run is due, which thread it locks, who is subscribed to it, which answers it waits for.

All of it but the subscribers can be read again from the store. The handlers of requests work on it; `engine.py` dispatches to them.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping
from typing import Protocol, TypeAlias

import msgspec

from threadlab.engine.drafts import Draft
from threadlab.engine.faults import Faults
from threadlab.engine.journal import Journal
from threadlab.engine.limits import Limits
from threadlab.engine.questions import Questions
from threadlab.responders import Responder
from threadlab.store.protocol import Store
from threadlab.store.records import Finish, Moment, Row, Stored
from threadlab.text.ranking import Indexes

Event: TypeAlias = tuple[str, object]
"""A server-sent event: its name and its data."""

Subscriber: TypeAlias = Callable[[Row, list[Event], float], None]
"""Called with a run as it now is, the events that this makes, and when they happened (seconds)."""


class Pace(msgspec.Struct, frozen=True):
    """How long a run takes, in seconds of the service's clock."""

    queued: float = 0.4
    working: float = 1.8


class Lifecycle(Protocol):
    """What the moments of one kind of object do to it."""

    def apply(self, row: Row, moment: Moment) -> tuple[Row, list[Event]]:
        """Let one moment happen. Returns the row as it now is, not written yet, and the events that this makes."""


class State:
    """What one engine knows of the runs and responses that are under way, beside what the store keeps.

    `lifecycles` has one for each class of stored object that has a plan. `new_id(prefix)` makes ids.
    `deployments` are other names of models.
    """

    def __init__(
        self,
        store: Store,
        responder: Responder | None,
        *,
        faults: Faults,
        limits: Limits,
        journal: Journal,
        drafts: dict[str, Draft],
        lifecycles: Mapping[type[Stored], Lifecycle],
        new_id: Callable[[str], str],
        pace: Pace,
        deployments: Mapping[str, str],
    ) -> None:
        self.store, self.responder, self.faults, self.limits = store, responder, faults, limits
        self.journal, self.drafts, self.new_id, self.pace = journal, drafts, new_id, pace
        self.deployments = deployments
        self.questions = Questions(store, journal, drafts, new_id)
        self.indexes = Indexes()
        self.now = 0.0
        self._lifecycles = lifecycles
        self._due: list[tuple[float, int, str]] = []
        self._locks: dict[str, str] = {}
        self._subscribers: dict[str, list[Subscriber]] = {}
        self._stale = False
        self._load()

    # ---- time ----------------------------------------------------------------------------------------------------------------------------

    def advance(self, now: float) -> None:
        """Let everything happen that was due by `now` (seconds), in order."""
        self.now = max(self.now, now)
        if self._stale:
            self._load()
        if not self._due or self._due[0][0] > now:
            return
        try:
            with self.store.transaction(later=True):  # what a power cut undoes is still in the plan, and is due again
                while self._due and self._due[0][0] <= now:
                    _, _, run_id = heapq.heappop(self._due)
                    row = self.store.get(run_id)
                    if row is not None:
                        self.carry_on(row, now)
        except Exception:
            self.invalidate()
            raise

    def carry_on(self, row: Row, now: float) -> None:
        """Let a run go on until `now`, or until it is another run's turn; it is written once, as it then is."""
        changed = False
        while row.plan is not None and row.plan.moments:
            moment = row.plan.moments[0]
            if moment.at > now or (changed and self._due and self._due[0][0] < moment.at):
                break
            row = self.apply(row, moment)
            changed = True
        if changed and row.plan is not None and row.plan.forget and not row.plan.moments:
            self.store.remove(row.id)
            self.schedule(row)
        elif changed:
            self.store.put(row)
            self.schedule(row)

    def apply(self, row: Row, moment: Moment) -> Row:
        """Let one moment happen and notify the subscribers. Returns the row as it now is, not written yet."""
        row, events = self._lifecycles[type(row.body)].apply(row, moment)
        if row.id in self._subscribers:
            self.notify(row, events, moment.at)
        return row

    def invalidate(self) -> None:
        """Something that was to be written may not have been: read the runs again from the store before anything else happens."""
        self._stale = True

    def _load(self) -> None:
        """Learn from the store which runs are under way."""
        unfinished = self.store.unfinished()
        self._due.clear()
        self._locks.clear()
        self.questions.clear()
        for row in unfinished:
            self.schedule(row)
            if self.responder is None:
                self.questions.recover(row)
        self.questions.changed()
        self._stale = False

    @property
    def next_at(self) -> float | None:
        """When something will happen next by itself (seconds), or None."""
        return self._due[0][0] if self._due else None

    def next_of(self, run_id: str) -> float | None:
        """When something will happen next to this run (seconds), or None."""
        row = self.store.get(run_id)
        return row.plan.moments[0].at if row is not None and row.plan and row.plan.moments else None

    # ---- locks ---------------------------------------------------------------------------------------------------------------------------

    def schedule(self, row: Row) -> None:
        """Remember when the next moment of this run (or response) comes, and whether it locks its thread (or conversation).

        To be called whenever its plan changed.
        """
        if row.plan is None or not row.plan.moments:
            if self._locks.get(row.parent) == row.id:
                del self._locks[row.parent]
            self.questions.forget(row.id)
            return
        if row.parent:
            self._locks[row.parent] = row.id
        heapq.heappush(self._due, (row.plan.moments[0].at, row.seq, row.id))

    def active_run(self, thread_id: str) -> str | None:
        """The id of the run that locks this thread (or of the response that locks this conversation)."""
        return self._locks.get(thread_id)

    def forget_thread(self, thread_id: str) -> None:
        """Release the lock of a thread that is deleted, and what its run waits for."""
        run_id = self._locks.pop(thread_id, None)
        if run_id is not None:
            self.questions.forget(run_id)

    # ---- subscribers ---------------------------------------------------------------------------------------------------------------------

    def subscribe(self, run_id: str, subscriber: Subscriber) -> None:
        self._subscribers.setdefault(run_id, []).append(subscriber)

    def unsubscribe(self, run_id: str, subscriber: Subscriber) -> None:
        subscribers = self._subscribers.get(run_id, [])
        if subscriber in subscribers:
            subscribers.remove(subscriber)
        if not subscribers and self._subscribers.pop(run_id, None) is not None and run_id in self.questions.pending:
            self._last_has_gone(run_id)

    def _last_has_gone(self, run_id: str) -> None:
        """The last client that followed it has gone: a response that is not to be stored is cancelled, as nobody can ever see it."""
        row = self.store.get(run_id)
        if row is not None and row.plan is not None and row.plan.forget and not row.parent:
            cancelled = msgspec.structs.replace(row.plan, moments=(Moment(self.now, Finish("cancelled")),))
            with self.store.transaction():
                self.carry_on(msgspec.structs.replace(row, plan=cancelled), self.now)

    def detach(self, response_id: str) -> None:
        """Let nothing of a response join its conversation: nobody reads what it writes. One in the background is meant to be left alone."""
        row = self.store.get(response_id)
        if row is None or row.plan is None or not row.parent or getattr(row.body, "background", False):
            return
        with self.store.transaction():
            self.store.put(msgspec.structs.replace(row, plan=msgspec.structs.replace(row.plan, detached=True)))

    def notify(self, row: Row, events: list[Event], at: float) -> None:
        for subscriber in tuple(self._subscribers.get(row.id, ())):
            subscriber(row, events, at)

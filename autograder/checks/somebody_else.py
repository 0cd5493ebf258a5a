"""A world in which the learner's program is not alone: somebody else sends one request when a run has come to a certain point."""

from collections.abc import Callable
from typing import Any

import msgspec

from threadlab.engine.engine import Engine
from threadlab.store.protocol import Query
from threadlab.trials.api_family import THREADS
from threadlab.trials.trial import KEY, PROJECT, World
from threadlab.wire.assistants import Run
from threadlab.wire.exchange import Outcome, Request

Act = Callable[[Run], Request | None]
"""Asked about each run that is on the thread, as it stands now: the request to send, or None for not yet."""


class _Shared(Engine):
    """An engine on which somebody acts, once."""

    act: Act | None = None
    thread_id = earlier = ""

    def advance(self, now: float) -> None:
        super().advance(now)
        self._look(now)

    def handle(self, request: Request, now: float, *, number: int | None = None) -> Outcome:
        outcome = super().handle(request, now, number=number)
        self._look(now)
        return outcome

    def _look(self, now: float) -> None:
        if self.act is None:
            return
        for row in self.store.page(Query("thread.run", PROJECT, self.thread_id, limit=100)):
            run = row.body
            if not isinstance(run, Run) or run.id == self.earlier:
                continue
            if (request := self.act(run)) is not None:
                self.act = None  # before it is sent: handling a request advances, too
                self.handle(request, now)
                return


class SharedWorld(World):
    """A world with somebody else in it. `given` has to say which thread it is about (`thread_id`), and may
    name a run that nobody minds (`earlier`)."""

    def __init__(self, setup: Any, act: Act, **options: Any) -> None:
        super().__init__(setup, **options)
        self._act = act

    def engine(self) -> Engine:
        engine = super().engine()
        shared = object.__new__(_Shared)
        shared.__dict__.update(engine.__dict__)
        shared.act, shared.thread_id = self._act, self.given["thread_id"]
        shared.earlier = self.given.get("earlier", "")
        return shared


def post(path: str, body: dict[str, Any]) -> Request:
    """A request as somebody else's client would send it."""
    headers = {"authorization": f"Bearer {KEY}", "openai-beta": "assistants=v2", "content-type": "application/json"}
    return Request("POST", f"/v1{path}", headers=headers, body=msgspec.json.encode(body))


def a_colleague_writes(text: str) -> Act:
    """As soon as a run is over, a colleague writes on its thread, in the assistant's name."""

    def act(run: Run) -> Request | None:
        if run.status not in THREADS.ends:
            return None
        return post(f"/threads/{run.thread_id}/messages", {"role": "assistant", "content": text})

    return act


def a_colleague_starts_the_next(run: Run) -> Request | None:
    """As soon as a run is over, a colleague starts the next one on its thread."""
    return post(f"/threads/{run.thread_id}/runs", {"assistant_id": run.assistant_id}) if run.status in THREADS.ends else None


def a_colleague_cancels(run: Run) -> Request | None:
    """As soon as there is a run, a colleague cancels it."""
    return post(f"/threads/{run.thread_id}/runs/{run.id}/cancel", {}) if run.status in ("queued", "in_progress") else None

"""The engine: a function of the request and the time. No sockets, no threads, no clock of its own."""

from __future__ import annotations

import heapq
import hmac
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from threadlab.engine.answers import News, Outside
from threadlab.engine.assistants_api.life import Event, Life
from threadlab.engine.assistants_api.plan import Pace
from threadlab.engine.assistants_api.stream import RunStream
from threadlab.engine.call import Call
from threadlab.engine.faults import Faults, Limit, Rule, Scenario
from threadlab.engine.journal import Entry, Journal
from threadlab.engine.limits import Limits, fault_429
from threadlab.engine.responses_api.life import ResponseLife
from threadlab.engine.responses_api.stream import ResponseStream
from threadlab.engine.routes import Operation, find_operation
from threadlab.responders import Responder
from threadlab.store.protocol import Store
from threadlab.store.records import Asked, Row
from threadlab.text.ranking import Indexes
from threadlab.wire import assistants as o
from threadlab.wire import errors
from threadlab.wire.exchange import Lost, Outcome, Reply, Request

_encode = msgspec.json.encode
_JSON = "application/json"
BETA = "assistants=v2"


class Engine:
    """Keeps threads as the hosted API kept them.

    `responder` answers at once, or is None: then answers come in through `resolve`. `keys` maps API keys to the projects whose objects
    they may see. `seed` makes the ids repeat; None makes them unguessable.
    """

    def __init__(
        self,
        store: Store,
        responder: Responder | None,
        *,
        keys: Mapping[str, str],
        seed: object | None = None,
        scenario: Scenario | None = None,
        pace: Pace | None = None,
        limits: Iterable[Limit] = (),
    ) -> None:
        self.store, self.responder = store, responder
        self._keys = [(key.encode(), project) for key, project in keys.items()]
        self.pace = pace or Pace()
        self.faults = Faults(scenario or Scenario())
        self.limits = Limits([*self.faults.scenario.limits, *limits])
        self.journal = Journal()
        self.outside = Outside(self)
        self.life = Life(store, self.journal, self.outside.drafts)
        self.responses = ResponseLife(store, self.journal, self.outside.drafts)
        self.indexes = Indexes()
        self.now = 0.0
        # A store that was used before goes on with other ids than those it has: the seed is mixed with how far it has come.
        self.new_id = o.id_maker(None if seed is None else (seed, store.next_seq()))
        self._name = self.new_id("req")[:-8]
        self._answered = 0
        """How many replies there were: with the name, it makes the request ids."""
        self._due: list[tuple[float, int, str]] = []
        self._locks: dict[str, str] = {}
        self._listeners: dict[str, list[Callable[[Row, list[Event], float], None]]] = {}
        self._doubted = False
        self._remember()

    # ---- requests ------------------------------------------------------------------------------------------------------------------------

    def handle(self, request: Request, now: float, *, number: int | None = None) -> Outcome:
        """Execute one request at the time `now` (seconds). `number` joins its journal line with the one that says it was sent."""
        now = max(now, self.now)
        self.advance(now)
        begun: Entry | None = None
        call: Call | None = None
        hold = 0.0
        try:
            operation, ids = find_operation(request.method, request.path)
            begun = self.journal.add(now, "request", operation=operation.name, request=number, **_named(operation, ids))
            project = self._project_of(request)
            if operation.beta and BETA not in request.headers.get("openai-beta", ""):
                raise errors.no_beta_header()
            struck = self.faults.strike(operation.name, ("before",))
            hold = sum(rule.number(1.0) for rule in struck if rule.kind == "delay")
            lost = self._fail_before(struck, begun, hold)
            if lost is not None:
                return lost
            call = Call(self, operation.name, ids, request, project, now)
            if self.limits.on and not operation.runs:
                self.limits.charge(project, "", 0, now)
            if request.method == "GET":
                result = operation.handler(call)
            else:
                with self.store.transaction():
                    result = operation.handler(call)
            self.journal.amend(begun, status=200, **call.noted)
            return self._sent(operation, self._reply(result, hold, call), number, now)
        except errors.ApiError as error:
            if begun is None:
                begun = self.journal.add(now, "request", request=number, object_id=f"{request.method} {request.path}")
            detail = {"error": error.detail.message, "code": error.detail.code}
            self.journal.amend(begun, status=error.status, detail=detail)
            return self._error_reply(error, hold, call)
        except Exception:
            self.doubt()
            raise

    def _project_of(self, request: Request) -> str:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not given:
            raise errors.no_key()
        encoded = given.encode()
        for key, project in self._keys:
            if hmac.compare_digest(key, encoded):
                return project
        raise errors.bad_key(given)

    def _headers(self, content_type: str, call: Call | None) -> dict[str, str]:
        self._answered += 1
        headers = {"x-request-id": f"{self._name}{self._answered:08x}", "openai-version": "2020-10-01", "content-type": content_type}
        if self.limits.on and call is not None:
            headers |= self.limits.headers(call.project, call.model, call.now)
        return headers

    def _reply(self, result: Any, hold: float, call: Call) -> Reply:
        if isinstance(result, Reply):
            headers = {**self._headers(_JSON, call), **result.headers}
            return msgspec.structs.replace(result, headers=headers, hold=result.hold + hold)
        if isinstance(result, RunStream | ResponseStream):
            return Reply(200, headers=self._headers("text/event-stream; charset=utf-8", call), stream=result, hold=hold)
        return Reply(200, _encode(result), self._headers(_JSON, call), hold=hold)

    def _error_reply(self, error: errors.ApiError, hold: float = 0.0, call: Call | None = None) -> Reply:
        return Reply(error.status, error.body(), {**self._headers(_JSON, call), **error.headers}, hold=hold)

    # ---- faults --------------------------------------------------------------------------------------------------------------------------

    def _fail_before(self, struck: list[Rule], begun: Entry, hold: float) -> Lost | None:
        for rule in struck:
            if rule.kind in _LOST:
                self.journal.amend(begun, what="lost", detail={"text": f"{rule.kind}: not carried out"})
                return Lost(_LOST[rule.kind], hold)
            if rule.kind in _ERRORS:
                raise _ERRORS[rule.kind](rule)
        return None

    def _sent(self, operation: Operation, reply: Reply, number: int | None, now: float) -> Outcome:
        for rule in self.faults.strike(operation.name, ("after",)):
            self.journal.add(
                now, "lost", operation=operation.name, request=number, detail={"text": f"{rule.kind}: carried out, but the reply was lost"}
            )
            if rule.kind == "500_after":
                return self._error_reply(errors.server_error(500), reply.hold)
            return Lost("reset" if rule.kind == "reply_lost" else "silence", reply.hold)
        return reply

    # ---- time ----------------------------------------------------------------------------------------------------------------------------

    def advance(self, now: float) -> None:
        """Let everything happen that was due by `now`, in order."""
        self.now = max(self.now, now)
        if self._doubted:
            self._remember()
        if not self._due or self._due[0][0] > now:
            return
        try:
            with self.store.transaction(later=True):  # what a power cut undoes is still in the plan, and is due again
                while self._due and self._due[0][0] <= now:
                    _, _, run_id = heapq.heappop(self._due)
                    row = self.store.get(run_id)
                    if row is not None:
                        self.live(row, now)
        except Exception:
            self.doubt()
            raise

    def live(self, row: Row, now: float) -> None:
        """Let a run go on until `now`, or until it is another run's turn; it is written once, as it then is."""
        changed = False
        while row.plan is not None and row.plan.moments:
            moment = row.plan.moments[0]
            if moment.at > now or (changed and self._due and self._due[0][0] < moment.at):
                break
            row, events = (self.life if isinstance(row.body, o.Run) else self.responses).apply(row, moment)
            changed = True
            if row.id in self._listeners:
                self.tell(row, events, moment.at)
        if changed and row.plan is not None and row.plan.forget and not row.plan.moments:
            self.store.remove(row.id)
            self.schedule(row)
        elif changed:
            self.store.put(row)
            self.schedule(row)

    def doubt(self) -> None:
        """Something that was to be kept may not have been: what is known of runs by heart is read again, before anything else happens."""
        self._doubted = True

    def _remember(self) -> None:
        """Learn from the store which runs are under way."""
        unfinished = self.store.unfinished()
        self._due.clear()
        self._locks.clear()
        self.outside.clear()
        for row in unfinished:
            self.schedule(row)
            if self.responder is None:
                self.outside.recover(row)
        self.outside.changed()
        self._doubted = False

    def resolve(self, asked: Asked, news: News, now: float) -> bool:
        """Take in what somebody outside has to say to a question at the time `now` (seconds). False if nobody wants the answer any more:
        the run was cancelled, has expired, or is gone."""
        now = max(now, self.now)
        self.advance(now)
        pending = self.outside.pending.get(asked.run_id)
        if pending is None or pending.id != asked.id:
            return False
        with self.store.transaction():
            self.outside.hear(asked, news, now)
        return True

    @property
    def next_at(self) -> float | None:
        """When something will happen next by itself, or None."""
        return self._due[0][0] if self._due else None

    def next_of(self, run_id: str) -> float | None:
        """When something will happen next to this run, or None."""
        row = self.store.get(run_id)
        return row.plan.moments[0].at if row is not None and row.plan and row.plan.moments else None

    def schedule(self, row: Row) -> None:
        """Remember when the next moment of this run (or response) comes, and whether it locks its thread (or conversation).

        To be called whenever its plan changed.
        """
        if row.plan is None or not row.plan.moments:
            if self._locks.get(row.parent) == row.id:
                del self._locks[row.parent]
            self.outside.forget(row.id)
            return
        if row.parent:
            self._locks[row.parent] = row.id
        heapq.heappush(self._due, (row.plan.moments[0].at, row.seq, row.id))

    def active_run(self, thread_id: str) -> str | None:
        """The id of the run that locks this thread."""
        return self._locks.get(thread_id)

    def forget_thread(self, thread_id: str) -> None:
        run_id = self._locks.pop(thread_id, None)
        if run_id is not None:
            self.outside.forget(run_id)

    # ---- streams -------------------------------------------------------------------------------------------------------------------------

    def listen(self, run_id: str, listener: Callable[[Row, list[Event], float], None]) -> None:
        self._listeners.setdefault(run_id, []).append(listener)

    def unlisten(self, run_id: str, listener: Callable[[Row, list[Event], float], None]) -> None:
        listeners = self._listeners.get(run_id, [])
        if listener in listeners:
            listeners.remove(listener)
        if not listeners and self._listeners.pop(run_id, None) is not None and run_id in self.outside.pending:
            self.outside.left(run_id, self.now)

    def tell(self, row: Row, events: list[Event], at: float) -> None:
        for listener in tuple(self._listeners.get(row.id, ())):
            listener(row, events, at)


_LOST: dict[str, Any] = {"request_lost": "reset", "unreachable": "unreachable", "silent": "silence"}


_ERRORS: dict[str, Callable[[Rule], errors.ApiError]] = {
    "429": lambda rule: fault_429(rule.argument),
    "quota": lambda rule: errors.quota(),
    "500": lambda rule: errors.server_error(500),
    "502": lambda rule: errors.server_error(502),
    "503": lambda rule: errors.server_error(503),
}

_FIELDS = {"thread_id": "thread_id", "run_id": "run_id", "conversation_id": "thread_id", "response_id": "run_id"}


def _named(operation: Operation, ids: tuple[str, ...]) -> dict[str, Any]:
    """The ids of the path under the names that the journal uses."""
    named: dict[str, Any] = {}
    for param, value in zip(operation.params, ids, strict=True):
        named[_FIELDS.get(param, "object_id")] = value
    return named

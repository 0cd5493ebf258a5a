"""The engine: a function of the request and the time. No sockets, no threads, no clock of its own."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from threadlab.engine.answers import AnswerPart, Answers
from threadlab.engine.assistants_api.lifecycle import RunLifecycle
from threadlab.engine.assistants_api.stream import RunStream
from threadlab.engine.call import Call
from threadlab.engine.drafts import Draft
from threadlab.engine.faults import Faults, Limit, Rule, Scenario
from threadlab.engine.journal import Dropped, Executed, Journal
from threadlab.engine.limits import Limits, fault_429
from threadlab.engine.responses_api.lifecycle import ResponseLifecycle
from threadlab.engine.responses_api.stream import ResponseStream
from threadlab.engine.routes import Operation, find_operation
from threadlab.engine.state import Pace, State
from threadlab.responders import Responder
from threadlab.store.protocol import Store
from threadlab.store.records import Question
from threadlab.wire import assistants as o
from threadlab.wire import azure, errors
from threadlab.wire import responses as r
from threadlab.wire.exchange import Lost, Outcome, Reply, Request

_encode = msgspec.json.encode
_JSON = "application/json"
BETA = "assistants=v2"


class Engine:
    """Keeps threads as the hosted API kept them.

    `responder` answers at once, or is None: then answers come in through `resolve`. `keys` maps API keys to the projects whose objects
    they may see. `seed` makes the ids repeat; None makes them unguessable. `deployments` are names that Azure's clients use for models.
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
        deployments: Mapping[str, str] | None = None,
    ) -> None:
        self.store = store
        self.faults = Faults(scenario or Scenario())
        self.limits = Limits([*self.faults.scenario.limits, *limits])
        self.journal = Journal()
        # A store that was used before goes on with other ids than those it has: the seed is mixed with how far it has come.
        new_id = o.id_maker(None if seed is None else (seed, store.next_seq()))
        drafts: dict[str, Draft] = {}
        self.state = State(
            store,
            responder,
            faults=self.faults,
            limits=self.limits,
            journal=self.journal,
            drafts=drafts,
            lifecycles={o.Run: RunLifecycle(store, self.journal, drafts), r.Response: ResponseLifecycle(store, self.journal, drafts)},
            new_id=new_id,
            pace=pace or Pace(),
            deployments=deployments or {},
        )
        self.questions = self.state.questions
        self._answers = Answers(self.state)
        self._keys = [(key.encode(), project) for key, project in keys.items()]
        self._name = new_id("req")[:-8]
        self._answered = 0
        """How many replies there were: with the name, it makes the request ids."""

    # ---- requests ------------------------------------------------------------------------------------------------------------------------

    def handle(self, request: Request, now: float, *, number: int | None = None) -> Outcome:
        """Execute one request at the time `now` (seconds). `number` joins its journal line with the one that says it was sent."""
        now = max(now, self.state.now)
        self.advance(now)
        entry: Executed | None = None
        call: Call | None = None
        hold = 0.0
        of_azure = request.path.startswith(azure.PREFIX)
        try:
            if of_azure:
                request = azure.translated(request)
            operation, ids = find_operation(request.method, request.path)
            entry = self.journal.add(Executed(at=now, operation=operation.name, request=number, **_named(operation, ids)))
            project = self._project_of(request)
            if operation.beta and BETA not in request.headers.get("openai-beta", ""):
                raise errors.no_beta_header()
            triggered = self.faults.triggered(operation.name, ("before",))
            hold = sum(rule.number(1.0) for rule in triggered if rule.kind == "delay")
            if operation.beta and any(rule.kind == "switched_off" for rule in triggered):
                raise errors.unknown_route(request.method, request.path)
            failure = self._fail_before(triggered, entry, hold)
            if failure is not None:
                return failure
            call = Call(self.state, operation.name, ids, request, project, now)
            if self.limits.on and not operation.runs:
                self.limits.charge(project, "", 0, now)
            if request.method == "GET":
                result = operation.handler(call)
            else:
                with self.store.transaction():
                    result = operation.handler(call)
            entry.status = 200
            for name, value in call.noted.items():
                setattr(entry, name, value)
            return self._sent(operation, self._reply(result, hold, call), number, now)
        except errors.ApiError as error:
            error = azure.reworded(error) if of_azure else error
            if entry is None:
                entry = self.journal.add(Executed(at=now, request=number, object_id=f"{request.method} {request.path}"))
            entry.status, entry.error, entry.code = error.status, error.detail.message, error.detail.code
            return self._error_reply(error, hold, call)
        except Exception:
            self.invalidate()
            raise

    def _project_of(self, request: Request) -> str:
        scheme, _, api_key = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not api_key:
            raise errors.no_key()
        encoded = api_key.encode()
        for key, project in self._keys:
            if hmac.compare_digest(key, encoded):
                return project
        raise errors.bad_key(api_key)

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

    def _fail_before(self, triggered: list[Rule], begun: Executed, hold: float) -> Lost | None:
        for rule in triggered:
            if rule.kind in _LOST:
                where = {name: getattr(begun, name) for name in ("operation", "request", *_FIELDS.values(), "object_id")}
                self.journal.replace(begun, Dropped(at=begun.at, text=f"{rule.kind}: not carried out", **where))
                return Lost(_LOST[rule.kind], hold)
            if rule.kind in _ERRORS:
                raise _ERRORS[rule.kind](rule)
        return None

    def _sent(self, operation: Operation, reply: Reply, number: int | None, now: float) -> Outcome:
        for rule in self.faults.triggered(operation.name, ("after",)):
            text = f"{rule.kind}: carried out, but the reply was lost"
            self.journal.add(Dropped(at=now, operation=operation.name, request=number, text=text))
            if rule.kind == "500_after":
                return self._error_reply(errors.server_error(500), reply.hold)
            return Lost("reset" if rule.kind == "reply_lost" else "silence", reply.hold)
        return reply

    # ---- time ----------------------------------------------------------------------------------------------------------------------------

    def advance(self, now: float) -> None:
        """Let everything happen that was due by `now` (seconds), in order."""
        self.state.advance(now)

    @property
    def next_at(self) -> float | None:
        """When something will happen next by itself (seconds), or None."""
        return self.state.next_at

    def invalidate(self) -> None:
        """Something that was to be written may not have been: what is under way is read again from the store."""
        self.state.invalidate()

    def resolve(self, question: Question, part: AnswerPart, now: float) -> bool:
        """Take in a part of the answer to a pending question at the time `now` (seconds). False if the answer is no longer wanted: the run
        was cancelled, has expired, or is gone."""
        now = max(now, self.state.now)
        self.advance(now)
        pending = self.questions.pending.get(question.run_id)
        if pending is None or pending.id != question.id:
            return False
        with self.store.transaction():
            self._answers.accept(question, part, now)
        return True


_LOST: dict[str, Any] = {"request_lost": "reset", "unreachable": "unreachable", "silent": "silence"}


_ERRORS: dict[str, Callable[[Rule], errors.ApiError]] = {
    "429": lambda rule: fault_429(rule.argument),
    "quota": lambda rule: errors.quota(),
    "500": lambda rule: errors.server_error(500),
    "502": lambda rule: errors.server_error(502),
    "503": lambda rule: errors.server_error(503),
}

_FIELDS = {name: name for name in ("thread_id", "run_id", "conversation_id", "response_id")}


def _named(operation: Operation, ids: tuple[str, ...]) -> dict[str, Any]:
    """The ids of the path under the names that the journal uses."""
    fields: dict[str, Any] = {}
    for param, value in zip(operation.params, ids, strict=True):
        fields[_FIELDS.get(param, "object_id")] = value
    return fields

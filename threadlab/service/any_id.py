"""A service for the test suites of clients: whatever id is asked for is there.

SDKs test themselves with literal ids (`"thread_id"`, `"string"`) against a server that answers anything well-formed. `AnyId` stands
before the engine and makes the engine's own answers possible: any key, any id, with or without `/v1`. What is missing is made first, a
run is brought into the status that the operation needs, values that no test means seriously (`limit=0`, a model called `string`) are
replaced, and parts of a body that the engine refuses are left out. The answer is then the engine's. None of this is how the hosted API
behaved.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

import msgspec

from threadlab.engine import Engine, Outcome, Reply, Request, Stream
from threadlab.engine.assistants_api.plan import expiry
from threadlab.engine.call import PREFIXES, row_id
from threadlab.engine.engine import BETA
from threadlab.engine.routes import find_operation
from threadlab.store.records import Plan, Row, Stored
from threadlab.wire import assistants as o
from threadlab.wire import azure
from threadlab.wire import files as f
from threadlab.wire import responses as r
from threadlab.wire.errors import ApiError
from threadlab.wire.model_names import was_ever_real

MODEL = "gpt-4o"
CALL = "call_any"
"""The tool call of an output that names none."""

MOST_LEFT_OUT = 40
"""Parts of one body."""

_CURSORS = ("after", "before")
_LIMITS = {"listFiles": 10_000, "listVectorStoreFiles": 100}
_FREE = {"createRun", "createMessage"}
"""Operations that need a thread without an active run."""


class AnyId:
    """The engine, for anybody and any id. `key` is one that the engine takes, `project` what it opens."""

    def __init__(self, engine: Engine, *, key: str, project: str) -> None:
        self._engine, self._project = engine, project
        self._headers = {"authorization": f"Bearer {key}", "openai-beta": BETA}

    def handle(self, request: Request, now: float) -> Outcome:
        try:
            request = azure.translated(request) if request.path.startswith(azure.PREFIX) else request
        except ApiError as error:
            return Reply(error.status, error.body(), {"content-type": "application/json"})
        path = request.path if request.path.startswith("/v1/") else "/v1" + request.path
        headers = {**request.headers, **self._headers}
        request = msgspec.structs.replace(request, path=path, headers=headers)
        try:
            operation, ids = find_operation(request.method, path)
        except ApiError:
            return self._engine.handle(request, now)
        self._engine.advance(now)
        with self._engine.store.transaction():
            making = _Making(self._engine, self._project, now)
            new_ids = making.path(operation.params, ids)
            request = msgspec.structs.replace(
                request,
                path=_path_with(path, new_ids),
                query=making.query(operation.name, request.query),
                body=making.body(operation.name, request),
            )
            making.prepare(operation.name, new_ids, request.body)
        return _named_back(self._taken(request, now), making.names)

    def _taken(self, request: Request, now: float) -> Outcome:
        """The engine's answer to as much of the request as it takes; its first answer when leaving out does not help."""
        first = outcome = self._engine.handle(request, now)
        for _ in range(MOST_LEFT_OUT):
            part = refused_part(outcome)
            body = without(request.body, part) if part else None
            if body is None:
                break
            request = msgspec.structs.replace(request, body=body)
            outcome = self._engine.handle(request, now)
        return first if refused_part(outcome) else outcome


def _path_with(path: str, ids: tuple[str, ...]) -> str:
    """The path with these ids in it: after `/v1`, every second part is one."""
    parts = path.split("/")
    parts[3 : 3 + 2 * len(ids) : 2] = ids
    return "/".join(parts)


class _Making:
    """What has to be there before one request can be answered."""

    def __init__(self, engine: Engine, project: str, now: float) -> None:
        self._engine, self._store, self._project, self._now = engine, engine.store, project, now
        self.names: dict[str, str] = {}
        """Ids that stand in for what the client wrote, and what it wrote."""

    # ---- the request, as the engine can take it ----------------------------------------------------------------------------------------

    def path(self, params: tuple[str, ...], ids: tuple[str, ...]) -> tuple[str, ...]:
        """The ids of a path, each the child of the one before it."""
        result: tuple[str, ...] = ()
        for index, (param, literal) in enumerate(zip(params, ids, strict=True)):
            kind = f.StoreFile if param == "file_id" and index else _KINDS.get(param)
            if param == "model":
                result += (self._model(literal),)
            else:
                result += (literal if kind is None else self.ensure(kind, literal, *result[-1:], *result[-2:-1]),)
        return result

    def _model(self, literal: str) -> str:
        """A model of that name: one that was deleted before is there again."""
        if was_ever_real(literal):
            self._store.remove(row_id(f.DeletedModel, literal, self._project))
            return literal
        self.names[MODEL] = literal
        return MODEL

    def query(self, operation: str, query: str) -> str:
        """Cursors that point nowhere are left out, a limit is brought within its bounds."""
        fields = dict(parse_qsl(query, keep_blank_values=True))
        for cursor in _CURSORS:
            if self._store.get(fields.get(cursor, "")) is None:
                fields.pop(cursor, None)
        if "limit" in fields:
            text, most = fields["limit"], _LIMITS.get(operation, 100)
            fields["limit"] = str(min(max(int(text), 1), most)) if text.lstrip("-").isdecimal() else "20"
        return urlencode(fields)

    def body(self, operation: str, request: Request) -> bytes:
        """JSON with ids that are there; any other body as it is."""
        defaults = _DEFAULTS.get(operation, {})
        try:
            fields = msgspec.json.decode(request.body or b"{}") if request.body or defaults else None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return request.body
        if not isinstance(fields, dict):
            return request.body
        fields.pop(_LEFT_OUT.get(operation, ""), None)
        return msgspec.json.encode(self._mended({**defaults, **fields}))

    def _mended(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._mended(one) for one in value]
        if not isinstance(value, dict):
            return value
        return {name: _MENDERS.get(name, _Making._inner)(self, inner) for name, inner in value.items() if _RIVALS.get(name) not in value}

    def _inner(self, value: Any) -> Any:
        return self._mended(value)

    def _one(self, kind: type[Stored], value: Any) -> Any:
        return self.ensure(kind, value) if isinstance(value, str) and value else value

    def _many(self, kind: type[Stored], value: Any) -> Any:
        return [self._one(kind, one) for one in value] if isinstance(value, list) else value

    # ---- objects -------------------------------------------------------------------------------------------------------------------------

    def ensure(self, kind: type[Stored], literal: str, parent: str = "", grandparent: str = "") -> str:
        """The id of the object that `literal` means below `parent`; one that is not there is made."""
        wire_name, prefix, _ = PREFIXES[kind]
        if self._has(kind, literal, parent):
            return literal
        digest = hashlib.sha256(f"{wire_name}/{parent}/{literal}".encode()).hexdigest()[: o.ID_LENGTH]
        own = (prefix or "msg") + ("-" if prefix == "file" else "_") + digest
        self.names[own] = literal
        if not self._has(kind, own, parent):
            for body, under, run_id in _MAKERS[kind](own, int(self._now), parent, grandparent):
                self._put(body, under, run_id)
        if kind is f.StoreFile and not self._has(f.File, own, ""):
            self._put(f.File(own, 0, int(self._now), "any.txt", "assistants"))
        return own

    def _has(self, kind: type[Stored], object_id: str, parent: str) -> bool:
        row = self._store.get(row_id(kind, object_id, parent))
        return row is not None and row.kind == PREFIXES[kind][0] and row.project == self._project and row.parent == parent

    def _put(self, body: Stored, parent: str = "", run_id: str = "", plan: Plan | None = None) -> Row:
        key, kind = row_id(type(body), body.id, parent), PREFIXES[type(body)][0]
        old_row = self._store.get(key)
        row = Row(key, kind, self._project, parent, old_row.seq if old_row else self._store.next_seq(), body, run_id, plan=plan)
        self._store.put(row)
        return row

    # ---- runs ----------------------------------------------------------------------------------------------------------------------------

    def prepare(self, operation: str, ids: tuple[str, ...], body: bytes) -> None:
        """Bring the thread's run into the status that the operation needs."""
        if operation in _FREE:
            self._end_active(ids[0])
        elif operation == "cancelRun":
            self._activate(ids[0], ids[1], "in_progress")
        elif operation == "submitToolOuputsToRun":
            outputs = msgspec.json.decode(body).get("tool_outputs")
            call_ids = [one.get("tool_call_id") for one in outputs or [] if isinstance(one, dict)]
            self._activate(ids[0], ids[1], "requires_action", [str(one) for one in call_ids])

    def _end_active(self, thread_id: str) -> None:
        row = self._store.get(self._engine.state.active_run(thread_id) or "")
        if row is not None and isinstance(row.body, o.Run):
            run = msgspec.structs.replace(row.body, status="completed", completed_at=int(self._now), expires_at=None, required_action=None)
            self._engine.state.schedule(self._put(run, thread_id))

    def _activate(self, thread_id: str, run_id: str, status: o.RunStatus, call_ids: list[str] | None = None) -> None:
        row = self._store.get(run_id)
        assert row is not None
        assert isinstance(row.body, o.Run)
        if row.body.status == status and call_ids is None:
            return
        self._end_active(thread_id)
        second = int(self._now)
        calls = [o.FunctionCall(one, o.CalledFunction("any", "{}")) for one in call_ids or []]
        run = msgspec.structs.replace(
            row.body,
            status=status,
            created_at=second,
            started_at=second,
            expires_at=second + 600,
            completed_at=None,
            cancelled_at=None,
            required_action=o.RequiredAction(o.SubmitToolOutputs(calls)) if call_ids is not None else None,
        )
        plan = Plan((expiry(run),))
        if call_ids is not None:
            step_calls: list[o.StepCall] = [o.FunctionStepCall(one, o.FunctionResult("any", "{}")) for one in call_ids]
            step = o.RunStep(
                self._engine.state.new_id("step"),
                second,
                thread_id,
                run.assistant_id,
                run.id,
                "tool_calls",
                "in_progress",
                o.ToolCalls(step_calls),
            )
            self._put(step, run.id)
            plan = msgspec.structs.replace(plan, open_step=step.id)
        self._engine.state.schedule(self._put(run, thread_id, plan=plan))


_KINDS: Mapping[str, type[Stored]] = {
    "assistant_id": o.Assistant,
    "thread_id": o.Thread,
    "message_id": o.Message,
    "run_id": o.Run,
    "step_id": o.RunStep,
    "file_id": f.File,
    "vector_store_id": f.VectorStore,
    "batch_id": f.FileBatch,
    "conversation_id": r.Conversation,
    "item_id": r.ConversationItem,
    "response_id": r.Response,
}
"""The parameters of paths that are ids."""

_MENDERS: Mapping[str, Callable[[_Making, Any], Any]] = {
    "assistant_id": lambda making, value: making._one(o.Assistant, value),
    "file_id": lambda making, value: making._one(f.File, value),
    "file_ids": lambda making, value: making._many(f.File, value),
    "vector_store_ids": lambda making, value: making._many(f.VectorStore, value),
    "conversation": lambda making, value: making._one(r.Conversation, value),
    "previous_response_id": lambda making, value: making._one(r.Response, value),
    "model": lambda making, value: value if isinstance(value, str) and was_ever_real(value) else MODEL,
    "metadata": lambda making, value: value,
    "tool_outputs": lambda making, value: [{"tool_call_id": CALL, **one} if isinstance(one, dict) else one for one in value or []],
}
"""What is done to the fields of a request's body that have these names."""

_DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "createResponse": {"model": MODEL, "input": "Anything."},
    "Compactconversation": {"model": MODEL, "previous_response_id": "any"},
    "Getinputtokencounts": {"model": MODEL, "input": "Anything."},
    "createVectorStoreFileBatch": {"file_ids": ["any"]},
}
"""What an operation needs and a generated test may leave out."""

_LEFT_OUT = {"Compactconversation": "input"}
"""Parts of bodies that would bring something into the answer that the SDK's own models do not know: messages of a user in an output."""

_RIVALS = {"vector_stores": "vector_store_ids", "files": "file_ids", "previous_response_id": "conversation"}
"""Fields that give way to another one: a test with every parameter there is names both."""

_Made = list[tuple[Stored, str, str]]
"""Objects to keep: each with its parent and its run."""


def _message(own: str, second: int, thread_id: str, _: str) -> _Made:
    message = o.Message(own, second, thread_id, "user", [o.TextBlock(o.Text("Any message."))])
    return [(message, thread_id, "")]


def _run(own: str, second: int, thread_id: str, _: str) -> _Made:
    run = o.Run(
        own, second, thread_id, "asst_any", "completed", MODEL, "", None, completed_at=second, started_at=second, usage=o.Usage(0, 0, 0)
    )
    return [(run, thread_id, "")]


def _step(own: str, second: int, run_id: str, thread_id: str) -> _Made:
    details = o.MessageCreation(o.MessageRef("msg_any"))
    step = o.RunStep(
        own, second, thread_id, "asst_any", run_id, "message_creation", "completed", details, completed_at=second, usage=o.Usage(0, 0, 0)
    )
    return [(step, run_id, "")]


def _item(own: str, second: int, conversation_id: str, _: str) -> _Made:
    message = r.Message(own, "user", [r.InputText("Any message.")])
    return [(r.ConversationItem(own, message), conversation_id, "")]


def _response(own: str, second: int, parent: str, above: str) -> _Made:
    """In the background, so that it can be cancelled and streamed."""
    return [(r.Response(own, second, MODEL, "completed", background=True, completed_at=second, usage=r.Usage(0, 0, 0)), "", "")]


_MAKERS: Mapping[type[Stored], Callable[[str, int, str, str], _Made]] = {
    o.Assistant: lambda own, second, parent, above: [(o.Assistant(own, second, MODEL), "", "")],
    o.Thread: lambda own, second, parent, above: [(o.Thread(own, second), "", "")],
    o.Message: _message,
    o.Run: _run,
    o.RunStep: _step,
    f.File: lambda own, second, parent, above: [(f.File(own, 0, second, "any.txt", "assistants"), "", "")],
    f.VectorStore: lambda own, second, parent, above: [(f.VectorStore(own, second, "any", second), "", "")],
    f.StoreFile: lambda own, second, parent, above: [(f.StoreFile(own, second, parent, "completed"), parent, "")],
    f.FileBatch: lambda own, second, parent, above: [(f.FileBatch(own, second, parent), parent, "")],
    r.Conversation: lambda own, second, parent, above: [(r.Conversation(own, second), "", "")],
    r.ConversationItem: _item,
    r.Response: _response,
}


# ---- the answer ------------------------------------------------------------------------------------------------------------------------


def _named_back(outcome: Outcome, names: Mapping[str, str]) -> Outcome:
    """The engine's answer, with the ids that the client wrote."""
    pairs = [(msgspec.json.encode(own), msgspec.json.encode(literal)) for own, literal in names.items()]
    if not isinstance(outcome, Reply) or not pairs:
        return outcome
    stream = _NamedStream(outcome.stream, pairs) if outcome.stream is not None else None
    return msgspec.structs.replace(outcome, body=_named(outcome.body, pairs), stream=stream)


def _named(body: bytes, pairs: list[tuple[bytes, bytes]]) -> bytes:
    for own, literal in pairs:
        body = body.replace(own, literal)
    return body


class _NamedStream:
    """A stream with other ids in it."""

    def __init__(self, stream: Stream, pairs: list[tuple[bytes, bytes]]) -> None:
        self._stream, self._pairs = stream, pairs

    @property
    def next_at(self) -> float | None:
        return self._stream.next_at

    def read(self, now: float) -> list[bytes]:
        return [_named(chunk, self._pairs) for chunk in self._stream.read(now)]

    def close(self) -> None:
        getattr(self._stream, "close", lambda: None)()


# ---- what an error is about, and the body without it ----

_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


def refused_part(outcome: Outcome) -> str | None:
    """The parameter that an error names, such as `tools[0].async`; None for any other answer."""
    if not isinstance(outcome, Reply) or outcome.status not in (400, 404) or outcome.stream is not None:
        return None
    try:
        param = msgspec.json.decode(outcome.body)["error"]["param"]
    except (msgspec.DecodeError, KeyError, TypeError):
        return None
    return param if isinstance(param, str) and param else None


def without(body: bytes, param: str) -> bytes | None:
    """The JSON without that part; None if it is not in there."""
    try:
        content = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    steps: list[Any] = [name or int(index) for name, index in _STEP.findall(param)]
    if not steps:
        return None
    holder = content
    for step in steps[:-1]:
        if not _has(holder, step):
            return None
        holder = holder[step]
    if not _has(holder, steps[-1]):
        return None
    del holder[steps[-1]]
    return msgspec.json.encode(content)


def _has(holder: Any, step: str | int) -> bool:
    return step in holder if isinstance(holder, dict) else isinstance(holder, list) and isinstance(step, int) and step < len(holder)

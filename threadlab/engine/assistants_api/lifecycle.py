"""The lifecycle of a run: its nine statuses, the moves that are allowed, and what each moment of its plan does.

Nothing here runs by itself. `RunLifecycle.apply` is called when a moment has come. It returns what the run becomes, and the events.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from threadlab.engine.drafts import Draft, text_by
from threadlab.engine.journal import Ids, Journal, MessageChanged, RunChanged, StepChanged
from threadlab.engine.state import Event
from threadlab.engine.usage import call_tokens
from threadlab.store.protocol import Query, Store
from threadlab.store.records import (
    Action,
    AskForOutputs,
    Begin,
    EndItem,
    EndMessage,
    Finish,
    Moment,
    Plan,
    Row,
    StartCalls,
    StartItem,
    StartMessage,
)
from threadlab.text import tokens
from threadlab.wire import assistants as o
from threadlab.wire.statuses import RUN_ENDS

ACTIVE: frozenset[str] = frozenset({"queued", "in_progress", "requires_action", "cancelling"})
"""A run in one of these holds the lock of its thread."""

TERMINAL: frozenset[str] = frozenset(RUN_ENDS)

MOVES: frozenset[tuple[str, str]] = frozenset(
    {
        ("queued", "in_progress"),
        ("queued", "cancelling"),
        ("queued", "failed"),
        ("queued", "expired"),
        ("in_progress", "requires_action"),
        ("in_progress", "completed"),
        ("in_progress", "failed"),
        ("in_progress", "incomplete"),
        ("in_progress", "cancelling"),
        ("in_progress", "expired"),
        ("requires_action", "queued"),
        ("requires_action", "cancelling"),
        ("requires_action", "expired"),
        ("cancelling", "cancelled"),
        ("cancelling", "completed"),
        ("cancelling", "failed"),
        ("cancelling", "incomplete"),
        ("cancelling", "expired"),
    }
)
"""Every move from one status to another that a run can make."""

EXPIRES_AFTER = 600
"""Seconds a run may take before it expires (official text: about ten minutes after creation)."""

CANCEL_TAKES = 0.4
"""Seconds from `cancelling` to `cancelled` (guess); a run that would have completed sooner completes."""

_STAMPS = {"completed": "completed_at", "incomplete": "completed_at", "failed": "failed_at", "cancelled": "cancelled_at"}
_STEP_END = {"completed": "completed", "incomplete": "completed", "failed": "failed", "cancelled": "cancelled", "expired": "expired"}
_STEP_STAMPS = {"completed": "completed_at", "failed": "failed_at", "cancelled": "cancelled_at", "expired": "expired_at"}
_MESSAGE_END = {"cancelled": "run_cancelled", "expired": "run_expired", "failed": "run_failed"}


class IllegalMove(Exception):
    """The engine tried a move that is not in MOVES: a mistake of ours."""


class RunLifecycle:
    """Applies moments to the runs of one store."""

    def __init__(self, store: Store, journal: Journal, drafts: dict[str, Draft]) -> None:
        self.store, self.journal, self._drafts = store, journal, drafts

    def apply(self, row: Row, moment: Moment) -> tuple[Row, list[Event]]:
        """Let one moment happen: writes what it does to messages and steps; returns the run's row as it now is, for the caller to write,
        and the events to send."""
        run, plan = row.body, row.plan
        assert isinstance(run, o.Run)
        assert plan is not None
        rest = msgspec.structs.replace(plan, moments=tuple(later for later in plan.moments if later is not moment))
        return self._act(msgspec.structs.replace(row, plan=rest), run, rest, moment.action, moment.at)

    def _act(self, row: Row, run: o.Run, plan: Plan, action: Action, at: float) -> tuple[Row, list[Event]]:
        match action:
            case Begin():
                if run.status != "queued":
                    return row, []
                return self._move(row, "in_progress", at, started_at=run.started_at or int(at))
            case StartMessage():
                return self._start_message(row, run, action, at)
            case EndMessage():
                return self._end_message(row, run, plan, action, at)
            case StartCalls():
                return self._start_calls(row, run, action, at)
            case AskForOutputs():
                if run.status != "in_progress":
                    return row, []
                required_action = o.RequiredAction(o.SubmitToolOutputs(action.calls))
                row = msgspec.structs.replace(row, plan=msgspec.structs.replace(plan, open_step=action.step_id))
                return self._move(row, "requires_action", at, required_action=required_action)
            case Finish():
                return self._finish(row, run, plan, action, at)
            case StartItem() | EndItem():
                raise AssertionError("only responses have such moments")

    # ---- one kind of moment each ---------------------------------------------------------------------------------------------------------

    def _start_message(self, row: Row, run: o.Run, action: StartMessage, at: float) -> tuple[Row, list[Event]]:
        step = o.RunStep(
            action.step_id,
            int(at),
            run.thread_id,
            run.assistant_id,
            run.id,
            "message_creation",
            "in_progress",
            o.MessageCreation(o.MessageRef(action.message_id)),
        )
        message = o.Message(
            action.message_id,
            int(at),
            run.thread_id,
            "assistant",
            [],
            status="in_progress",
            assistant_id=run.assistant_id,
            run_id=run.id,
        )
        self._new(row, step, run.id)
        self._new(row, message, run.thread_id, run.id)
        self._log(MessageChanged, at, message.status, run, message.id)
        row = msgspec.structs.replace(row, plan=msgspec.structs.replace(row.plan, open_step=step.id))  # type: ignore[type-var]
        events: list[Event] = [
            ("thread.run.step.created", step),
            ("thread.run.step.in_progress", step),
            ("thread.message.created", message),
            ("thread.message.in_progress", message),
        ]
        return row, events

    def _end_message(self, row: Row, run: o.Run, plan: Plan, action: EndMessage, at: float) -> tuple[Row, list[Event]]:
        cut = any(
            isinstance(later.action, Finish) and later.action.incomplete == "max_completion_tokens" and later.at <= at
            for later in plan.moments
        )
        message = self._close_message(action, at, "max_tokens" if cut else None)
        events: list[Event] = [(f"thread.message.{message.status}", message)] if message else []
        events += self._close_step(action.step_id, "completed", at, action.tokens)
        plan = msgspec.structs.replace(plan, open_step=None, completion_tokens=plan.completion_tokens + action.tokens)
        return msgspec.structs.replace(row, plan=plan), events

    def _close_message(self, action: EndMessage, at: float, reason: str | None) -> o.Message | None:
        row = self.store.get(action.message_id)
        if row is None or not isinstance(row.body, o.Message):
            return None  # deleted meanwhile
        content: list[o.ContentBlock] = [o.ImageFileBlock(o.ImageFile(file_id)) for file_id in action.images]
        content += [o.TextBlock(o.Text(action.text, action.annotations))] if action.text else []
        fields = (
            {"status": "incomplete", "incomplete_at": int(at), "incomplete_details": o.MessageIncomplete(reason)}  # type: ignore[arg-type]
            if reason
            else {"status": "completed", "completed_at": int(at)}
        )
        message = msgspec.structs.replace(row.body, content=content, **fields)
        self.store.put(msgspec.structs.replace(row, body=message, tokens=tokens.of_message(action.text)))
        ids: Ids = {"thread_id": message.thread_id, "run_id": message.run_id or "", "object_id": message.id}
        self.journal.add(MessageChanged(at=at, state=message.status, text=action.text, **ids))
        return message

    def _start_calls(self, row: Row, run: o.Run, action: StartCalls, at: float) -> tuple[Row, list[Event]]:
        status = "completed" if action.done else "in_progress"
        step = o.RunStep(
            action.step_id,
            int(at),
            run.thread_id,
            run.assistant_id,
            run.id,
            "tool_calls",
            "in_progress",
            o.ToolCalls(action.calls),
        )
        events: list[Event] = [(f"thread.run.step.{name}", step) for name in ("created", "in_progress", "delta")]
        if action.done:
            used = o.Usage(0, action.tokens, action.tokens)
            step = msgspec.structs.replace(step, status="completed", completed_at=int(at), usage=used)
            events.append(("thread.run.step.completed", step))
        self._new(row, step, run.id)
        self._log(StepChanged, at, status, run, step.id)
        assert row.plan is not None
        completion_tokens = row.plan.completion_tokens + action.tokens
        plan = msgspec.structs.replace(row.plan, open_step=None if action.done else step.id, completion_tokens=completion_tokens)
        return msgspec.structs.replace(row, plan=plan), events

    def _finish(self, row: Row, run: o.Run, plan: Plan, action: Finish, at: float) -> tuple[Row, list[Event]]:
        events, open_tokens = self._end_open(run, plan, action, at) if plan.open_step else ([], 0)
        plan = msgspec.structs.replace(plan, completion_tokens=plan.completion_tokens + open_tokens)
        fields: dict[str, object] = {"required_action": None, "expires_at": None}
        if action.status in _STAMPS:
            fields[_STAMPS[action.status]] = int(at)
        if action.error:
            fields["last_error"] = action.error
        if action.incomplete:
            fields["incomplete_details"] = o.RunIncomplete(action.incomplete)
        total = plan.prompt_tokens + plan.completion_tokens
        fields["usage"] = o.Usage(plan.prompt_tokens, plan.completion_tokens, total)
        row, more = self._move(msgspec.structs.replace(row, plan=None), action.status, at, **fields)
        return row, events + more

    def _end_open(self, run: o.Run, plan: Plan, action: Finish, at: float) -> tuple[list[Event], int]:
        """A step that was open when the run ended: its message keeps the words written so far. Returns their tokens too."""
        assert plan.open_step is not None
        events: list[Event] = []
        used = 0
        endings = [m for m in plan.moments if isinstance(m.action, EndMessage) and m.action.step_id == plan.open_step]
        if plan.waiting is not None and plan.waiting.step_id == plan.open_step:
            draft = self._drafts.get(run.id)  # none, if the service was started again since then
            endings = [Moment(at, EndMessage(plan.waiting.message_id, plan.open_step, draft.text if draft else "", at))]
        for ending in endings:
            assert isinstance(ending.action, EndMessage)
            text = text_by(ending.action.text, ending.action.started, ending.at, at)
            used = tokens.count(text)
            cut = msgspec.structs.replace(ending.action, text=text, annotations=[])
            message = self._close_message(cut, at, _MESSAGE_END.get(action.status, "run_failed"))
            events += [("thread.message.incomplete", message)] if message else []
        return events + self._close_step(plan.open_step, _STEP_END[action.status], at, used, action.error), used

    # ---- writing -------------------------------------------------------------------------------------------------------------------------

    def _close_step(self, step_id: str, status: str, at: float, used: int, error: o.LastError | None = None) -> list[Event]:
        row = self.store.get(step_id)
        if row is None or not isinstance(row.body, o.RunStep):
            return []
        if isinstance(row.body.step_details, o.ToolCalls) and isinstance(run := self._run_of(row.body), o.Run):
            used = call_tokens(row.body.step_details.tool_calls, run.model)
        if error is not None and error.code == "invalid_prompt":
            error = msgspec.structs.replace(error, code="server_error")  # the only other code that a step can have
        step = msgspec.structs.replace(
            row.body,
            status=status,
            last_error=error,
            usage=o.Usage(0, used, used),
            **{_STEP_STAMPS[status]: int(at)},
        )
        self.store.put(msgspec.structs.replace(row, body=step))
        self.journal.add(StepChanged(at=at, state=status, thread_id=step.thread_id, run_id=step.run_id, object_id=step.id))
        return [(f"thread.run.step.{status}", step)]

    def _run_of(self, step: o.RunStep) -> object:
        row = self.store.get(step.run_id)
        return row.body if row is not None else None

    def close_calls(self, row: Row, outputs: dict[str, str], at: float) -> list[Event]:
        """The application has answered the open tool calls: write the outputs into their step and complete it."""
        plan = row.plan
        if plan is None or plan.open_step is None:
            return []
        step_row = self.store.get(plan.open_step)
        if step_row is None or not isinstance(step_row.body, o.RunStep) or not isinstance(step_row.body.step_details, o.ToolCalls):
            return []
        calls: list[o.StepCall] = [
            msgspec.structs.replace(call, function=msgspec.structs.replace(call.function, output=outputs.get(call.id)))
            if isinstance(call, o.FunctionStepCall)
            else call
            for call in step_row.body.step_details.tool_calls
        ]
        self.store.put(msgspec.structs.replace(step_row, body=msgspec.structs.replace(step_row.body, step_details=o.ToolCalls(calls))))
        return self._close_step(plan.open_step, "completed", at, 0)

    def _new(self, run_row: Row, body: o.RunStep | o.Message, parent: str, run_id: str = "") -> None:
        kind = "thread.run.step" if isinstance(body, o.RunStep) else "thread.message"
        self.store.put(Row(body.id, kind, run_row.project, parent, self.store.next_seq(), body, run_id))

    def _move(self, row: Row, to: o.RunStatus, at: float, **fields: object) -> tuple[Row, list[Event]]:
        run = row.body
        assert isinstance(run, o.Run)
        if (run.status, to) not in MOVES:
            raise IllegalMove(f"{run.id}: {run.status} → {to}")
        run = msgspec.structs.replace(run, status=to, **fields)
        row = msgspec.structs.replace(row, body=run)
        entry = RunChanged(at=at, state=to, thread_id=run.thread_id, run_id=run.id)
        if run.last_error:
            entry.error, entry.code = run.last_error.message, run.last_error.code
        self.journal.add(entry)
        return row, [(f"thread.run.{to}", run)]

    def move(self, row: Row, to: o.RunStatus, at: float, **fields: object) -> tuple[Row, list[Event]]:
        """A move that a request causes (cancelling, queued again). Writes it."""
        row, events = self._move(row, to, at, **fields)
        self.store.put(row)
        return row, events

    def _log(self, kind: type[MessageChanged | StepChanged], at: float, state: str, run: o.Run, object_id: str) -> None:
        self.journal.add(kind(at=at, state=state, thread_id=run.thread_id, run_id=run.id, object_id=object_id))

    def steps(self, run_row: Row) -> Iterable[o.RunStep]:
        for row in self.store.page(Query("thread.run.step", run_row.project, run_row.id, limit=1000)):
            if isinstance(row.body, o.RunStep):
                yield row.body


CONTENT = "step_details.tool_calls[*].file_search.results[*].content"
"""What `include` has to name for the passages that a search found to be shown."""


def bare(step: o.RunStep) -> o.RunStep:
    """A step without the passages that its searches found."""
    details = step.step_details
    calls = [_without_content(one) for one in details.tool_calls] if isinstance(details, o.ToolCalls) else []
    return msgspec.structs.replace(step, step_details=o.ToolCalls(calls)) if calls else step


def _without_content(one: o.StepCall) -> o.StepCall:
    if not isinstance(one, o.FileSearchStepCall):
        return one
    results = [msgspec.structs.replace(result, content=[]) for result in one.file_search.results]
    return msgspec.structs.replace(one, file_search=msgspec.structs.replace(one.file_search, results=results))

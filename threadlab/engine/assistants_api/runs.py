"""Runs: one turn of an assistant on a thread. While one is active, the thread is locked."""

from typing import Any

import msgspec

from threadlab.engine import models, validate
from threadlab.engine.assistants_api import messages, params, threads
from threadlab.engine.assistants_api.assistants import check_sampling, check_tools
from threadlab.engine.assistants_api.lifecycle import ACTIVE, CANCEL_TAKES, CONTENT, EXPIRES_AFTER, RunLifecycle
from threadlab.engine.assistants_api.plan import expiry
from threadlab.engine.assistants_api.rounds import plan_round
from threadlab.engine.assistants_api.stream import RunStream
from threadlab.engine.call import Call
from threadlab.engine.journal import RunChanged
from threadlab.engine.params import UNSET, UpdateMetadata
from threadlab.engine.state import Event
from threadlab.store.records import Begin, Finish, Moment, Plan, Row
from threadlab.wire import assistants as o
from threadlab.wire import errors
from threadlab.wire.prompts import ToolResult

MIN_TOKENS = 256
MAX_ADDITIONAL = 32_768


def create(call: Call) -> Any:
    thread_id = call.ids[0]
    call.find(o.Thread, thread_id)
    body = call.body(params.CreateRun)
    return _create(call, thread_id, body, body.additional_instructions, body.additional_messages, [])


def create_with_thread(call: Call) -> Any:
    body = call.body(params.CreateThreadAndRun)
    _check(call, body)
    call.find(o.Assistant, body.assistant_id)
    spec = body.thread or params.CreateThread()
    if body.tool_resources is not None and spec.tool_resources is None:
        spec = msgspec.structs.replace(spec, tool_resources=body.tool_resources)
    thread = threads.make(call, spec, "thread.")
    return _create(call, thread.id, body, None, None, [("thread.created", thread)])


def _create(
    call: Call,
    thread_id: str,
    body: params.RunOptions,
    more_instructions: str | None,
    more_messages: list[params.CreateMessage] | None,
    events: list[Event],
) -> Any:
    _check(call, body)
    additional = [messages.checked(one, f"additional_messages[{index}]") for index, one in enumerate(more_messages or [])]
    assistant = call.find(o.Assistant, body.assistant_id)[1]
    if active := call.state.active_run(thread_id):
        raise errors.run_while_active(thread_id, active)
    for one in additional:
        messages.add(call, thread_id, one)
    instructions = assistant.instructions or "" if body.instructions is None else body.instructions
    if more_instructions:
        instructions = f"{instructions}\n{more_instructions}" if instructions else more_instructions
    run = o.Run(
        id=call.new_id("run"),
        created_at=call.second,
        thread_id=thread_id,
        assistant_id=assistant.id,
        status="queued",
        model=body.model or assistant.model,
        instructions=instructions,
        expires_at=call.second + EXPIRES_AFTER,
        tools=assistant.tools if body.tools is None else body.tools,
        metadata=validate.metadata(body.metadata),
        temperature=assistant.temperature if body.temperature is None else body.temperature,
        top_p=assistant.top_p if body.top_p is None else body.top_p,
        max_prompt_tokens=body.max_prompt_tokens,
        max_completion_tokens=body.max_completion_tokens,
        truncation_strategy=body.truncation_strategy or o.TruncationStrategy(),
        response_format=body.response_format or assistant.response_format or "auto",
        tool_choice=body.tool_choice or "auto",
        parallel_tool_calls=True if body.parallel_tool_calls is None else body.parallel_tool_calls,
    )
    row = call.new_row(run, thread_id)
    row = plan_round(call, row, run, Plan(()), [])
    call.note(thread_id=thread_id, run_id=run.id, window=row.plan.window if row.plan else (), metadata=run.metadata)
    call.state.journal.add(RunChanged(at=call.now, state="queued", thread_id=thread_id, run_id=run.id))
    if not body.stream:
        return run
    return _stream(call, run.id, [*events, ("thread.run.created", run), ("thread.run.queued", run)])


def _check(call: Call, body: params.RunOptions) -> None:
    if body.model is not None:
        models.check(call, body.model)
    check_tools(body.tools)
    check_sampling(body.temperature, body.top_p)
    validate.metadata(body.metadata)
    validate.length("instructions", body.instructions, validate.MAX_INSTRUCTIONS)
    validate.between("max_prompt_tokens", body.max_prompt_tokens, MIN_TOKENS)
    validate.between("max_completion_tokens", body.max_completion_tokens, MIN_TOKENS)
    strategy = body.truncation_strategy
    if strategy is not None and strategy.type == "last_messages":
        if strategy.last_messages is None:
            raise errors.missing("truncation_strategy.last_messages")
        validate.between("truncation_strategy.last_messages", strategy.last_messages, 1)


# ---- everything else that can be done with a run -----------------------------------------------------------------------------------------


def _find(call: Call) -> tuple[Row, o.Run]:
    thread_id, run_id = call.ids[:2]
    call.find(o.Thread, thread_id)
    return call.find(o.Run, run_id, thread_id)


def retrieve(call: Call) -> o.Run:
    _, run = _find(call)
    call.note(run_status=run.status)
    return run


def modify(call: Call) -> o.Run:
    row, run = _find(call)
    body = call.body(UpdateMetadata)
    if body.metadata is UNSET:
        return run
    changed: o.Run = call.change(row, metadata=validate.metadata(body.metadata))
    return changed


def list_all(call: Call) -> o.Page:
    call.find(o.Thread, call.ids[0])
    return call.page(o.Run, call.ids[0])


def cancel(call: Call) -> o.Run:
    row, run = _find(call)
    if run.status not in ACTIVE or run.status == "cancelling" or row.plan is None:
        raise errors.cannot_cancel(run.status)
    takes, loses = CANCEL_TAKES, False
    for rule in call.state.faults.triggered(call.operation, ("cancel",)):
        takes = rule.number(5.0) if rule.kind == "cancel_slow" else takes
        loses = loses or rule.kind == "cancel_loses"
    over = Moment(call.now + takes, Finish("cancelled"))
    keeps = [moment for moment in row.plan.moments if not isinstance(moment.action, Begin)]
    if loses and not any(isinstance(m.action, Finish) and m.action.status == "completed" for m in keeps):
        keeps = [Moment(call.now + takes, Finish("completed"))]
    if loses and row.plan.waiting is not None:
        keeps = list(row.plan.moments)  # it goes on waiting for its answer
    elif not loses:
        call.state.questions.drop(row.id)
    moments = keeps if loses else [*(moment for moment in keeps if moment.at < over.at), over, *(m for m in keeps if m.at >= over.at)]
    row = msgspec.structs.replace(row, plan=msgspec.structs.replace(row.plan, moments=tuple(moments)))
    row, events = _lifecycle(call).move(row, "cancelling", call.now, required_action=None)
    call.state.schedule(row)
    call.state.notify(row, events, call.now)
    body = row.body
    assert isinstance(body, o.Run)
    return body


def submit_tool_outputs(call: Call) -> Any:
    row, run = _find(call)
    body = call.body(params.SubmitToolOutputs)
    if run.status != "requires_action" or run.required_action is None or row.plan is None:
        raise errors.no_outputs_accepted(run.status)
    expected = [one.id for one in run.required_action.submit_tool_outputs.tool_calls]
    received = [one.tool_call_id for one in body.tool_outputs]
    if sorted(expected) != sorted(received):
        raise errors.wrong_outputs(expected, received)
    outputs = {one.tool_call_id: one.output for one in body.tool_outputs}
    events = _lifecycle(call).close_calls(row, outputs, call.now)
    call.state.notify(row, events, call.now)
    plan = msgspec.structs.replace(row.plan, open_step=None, rounds=row.plan.rounds + 1, moments=(expiry(run),))
    row, queued = _lifecycle(call).move(msgspec.structs.replace(row, plan=plan), "queued", call.now, required_action=None)
    run = row.body  # type: ignore[assignment]
    plan_round(call, row, run, plan, _results(call, row))
    call.note(outputs=outputs)
    return _stream(call, run.id, [*events, *queued]) if body.stream else run


def _results(call: Call, row: Row) -> list[ToolResult]:
    """Every tool call of the run so far, with its output."""
    return [
        ToolResult(one.id, one.function.name, one.function.arguments, one.function.output or "")
        for step in _lifecycle(call).steps(row)
        if isinstance(step.step_details, o.ToolCalls)
        for one in step.step_details.tool_calls
        if isinstance(one, o.FunctionStepCall)
    ]


def _stream(call: Call, run_id: str, first: list[Event]) -> RunStream:
    cut, slower = None, 0.0
    for rule in call.state.faults.triggered(call.operation, ("stream",)):
        cut = int(rule.number(5)) if rule.kind == "stream_cut" else cut
        slower = rule.number(1.0) if rule.kind == "stream_slow" else slower
    return RunStream(call.state, run_id, first, cut, slower, passages=CONTENT in call.include)


def _lifecycle(call: Call) -> RunLifecycle:
    return RunLifecycle(call.store, call.state.journal, call.state.drafts)

"""A round of a run: what is read, who answers, how long it takes. A run has one, and one more whenever tool outputs are submitted."""

import msgspec

from threadlab.engine import models
from threadlab.engine.assistants_api.plan import expiry, next_round
from threadlab.engine.assistants_api.prompt import CONTEXT, prompt_of, select
from threadlab.engine.call import Call
from threadlab.engine.faults import Rule
from threadlab.engine.files_api import files
from threadlab.engine.files_api.file_search import expired_stores, search_files
from threadlab.engine.generation import UNREAD, answer_of, pace_of
from threadlab.engine.usage import BASE_TOKENS, prompt_tokens
from threadlab.store.records import EndMessage, Finish, Moment, Plan, Row
from threadlab.text import tokens
from threadlab.wire import assistants as o
from threadlab.wire import errors
from threadlab.wire.prompts import Answer, ToolResult


def plan_round(call: Call, row: Row, run: o.Run, plan: Plan, results: list[ToolResult]) -> Row:
    """Ask for the answer, and lay out what will happen from now to the run's end or to its next question for tool outputs.

    Where the responder is not a part of the engine, only the question and the run's expiry are laid out: see `threadlab.engine.questions`.
    """
    triggered = call.state.faults.triggered(call.operation, ("run",))
    if not plan.window and not plan.rounds:
        budget = min(CONTEXT, run.max_prompt_tokens or CONTEXT) - BASE_TOKENS - tokens.of_message(run.instructions, run.model)
        read = select(call.store, call.project, run.thread_id, run.truncation_strategy, budget)
    else:
        read = [message for message_id in plan.window if (message := call.store.get(message_id)) is not None]
    prompt = models.of_deployment(call, prompt_of(call, run, plan, read, results))
    expired = expired_stores(call, run) if prompt.can_search else []
    token_counts = {message.id: message.tokens for message in read}
    reads = prompt_tokens(prompt, token_counts)
    too_small = not read and run.max_prompt_tokens is not None and call.store.count("thread.message", call.project, run.thread_id) > 0
    if too_small:
        reads = (run.max_prompt_tokens or 0) + 1
    too_much = run.max_prompt_tokens is not None and plan.prompt_tokens + reads > run.max_prompt_tokens
    if expired:
        answer: Answer | None = Answer(failure=o.LastError("server_error", f"Vector store {expired[0]} has expired."))
    else:
        answer = UNREAD if too_small else answer_of(call, prompt, triggered, needed=not too_much)
    searched = None
    if answer is not None and answer.search is not None:
        searched, prompt = search_files(call, run, prompt, answer.search)
        reads = prompt_tokens(prompt, token_counts)
        answer = answer_of(call, prompt, triggered)
    plan = msgspec.structs.replace(plan, window=tuple(message.id for message in read))
    refused = _charge(call, run, reads, answer or UNREAD, first=not plan.rounds) if call.state.limits.on else None
    if refused is not None:
        moments = (Moment(call.now + call.state.pace.queued, Finish("failed", error=refused)), expiry(run))
        plan = msgspec.structs.replace(plan, moments=moments)
    elif answer is None:
        plan = call.state.questions.ask(row, plan, prompt, reads, expiry(run), call.now)
    else:
        plan = next_round(run, plan, answer, reads, call.now, pace_of(call.state.pace, triggered), call.new_id, searched)
        plan = _with_faults(call, run, plan, triggered)
    row = msgspec.structs.replace(row, plan=plan)
    call.store.put(row)
    call.state.schedule(row)
    return row


def _charge(call: Call, run: o.Run, reads: int, answer: Answer, *, first: bool) -> o.LastError | None:
    """Count a request to the model. Over the limit a run's first one raises ApiError 429, a later one gives what it fails with."""
    call.model = run.model
    texts = [*answer.texts, *(text for one in answer.calls for text in (one.name, one.arguments))]
    try:
        call.state.limits.charge(call.project, run.model, reads + sum(tokens.count(text, run.model) for text in texts), call.now)
    except errors.ApiError as error:
        if first:
            raise
        return o.LastError("rate_limit_exceeded", error.detail.message)
    return None


def _with_faults(call: Call, run: o.Run, plan: Plan, triggered: list[Rule]) -> Plan:
    """The plan as the faults of runs change it."""
    begin = plan.moments[0]
    for rule in triggered:
        match rule.kind:
            case "stuck":
                return msgspec.structs.replace(plan, moments=(begin, expiry(run)))
            case "stuck_queued":
                return msgspec.structs.replace(plan, moments=(expiry(run),))
            case "run_expired":
                return msgspec.structs.replace(plan, moments=(begin, Moment(begin.at + 0.5, Finish("expired"))))
            case "run_incomplete":
                reason = rule.argument or "max_completion_tokens"
                finish = Finish("incomplete", incomplete=reason)  # type: ignore[arg-type]
                return msgspec.structs.replace(plan, moments=_cut_off(plan, finish))
            case "pictures":
                plan = _illustrated(plan, [files.make_picture(call).id for _ in range(int(rule.number(1)))])
    return plan


def _cut_off(plan: Plan, finish: Finish) -> tuple[Moment, ...]:
    """The moments with this end in the middle of the last message: what was written by then stays on the thread, as it did when a run used
    up its tokens. Where no message would have been written, or the prompt alone was too long, soon after the begin."""
    begin, ends = plan.moments[0], [moment for moment in plan.moments if isinstance(moment.action, EndMessage)]
    if not ends or finish.incomplete == "max_prompt_tokens":
        return begin, Moment(begin.at + 0.5, finish)
    last = ends[-1]
    assert isinstance(last.action, EndMessage)
    end = Moment((last.action.started + last.at) / 2, finish)
    return tuple(sorted([*plan.moments, end], key=lambda moment: moment.at))


def _illustrated(plan: Plan, pictures: list[str]) -> Plan:
    """The plan with pictures before the text of its first message."""
    moments = list(plan.moments)
    for index, moment in enumerate(moments):
        if isinstance(moment.action, EndMessage):
            moments[index] = Moment(moment.at, msgspec.structs.replace(moment.action, images=pictures))
            break
    return msgspec.structs.replace(plan, moments=tuple(moments))

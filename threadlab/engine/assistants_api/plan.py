"""From a responder's answer to a plan: the moments of a run's life, all fixed when the run (or its next round) starts."""

from collections.abc import Callable

import msgspec

from threadlab.engine.assistants_api.lifecycle import EXPIRES_AFTER
from threadlab.engine.state import Pace
from threadlab.engine.usage import call_tokens
from threadlab.store.records import AskForOutputs, Begin, EndMessage, Finish, Moment, Plan, StartCalls, StartMessage
from threadlab.text import tokens
from threadlab.wire import assistants as o
from threadlab.wire.prompts import Answer, Citation

SEARCH_SHARE = 0.2
"""How much of a run's working time has gone by when its file search is done."""


def expiry(run: o.Run) -> Moment:
    return Moment(float(run.created_at + EXPIRES_AFTER), Finish("expired"))


def next_round(
    run: o.Run,
    plan: Plan,
    answer: Answer,
    reads: int,
    now: float,
    pace: Pace,
    new_id: Callable[[str], str],
    searched: o.FileSearchStepCall | None = None,
) -> Plan:
    """The plan of the round that begins `now`: queued, in progress, then what the answer holds. `reads` are its prompt tokens."""
    begin = now + pace.queued
    end = begin + pace.working
    plan = msgspec.structs.replace(plan, prompt_tokens=plan.prompt_tokens + reads)
    moments = [Moment(begin, Begin())]
    if searched is not None:
        moments.append(Moment(begin + SEARCH_SHARE * pace.working, StartCalls(new_id("step"), [searched], done=True)))
    if run.max_prompt_tokens is not None and plan.prompt_tokens > run.max_prompt_tokens:
        plan = msgspec.structs.replace(plan, prompt_tokens=plan.prompt_tokens - reads)
        moments.append(Moment(begin + 0.01, Finish("incomplete", incomplete="max_prompt_tokens")))
    elif answer.failure:
        moments.append(Moment(end, Finish("failed", error=answer.failure)))
    elif answer.calls:
        if answer.texts:  # a model may say something first
            moments += _messages(run, plan, answer, begin, end, new_id)[:-1]
        moments += _calls(run, answer, end, new_id)
    else:
        moments += _messages(run, plan, answer, begin, end, new_id)
    moments.append(expiry(run))
    return msgspec.structs.replace(plan, moments=tuple(sorted(moments, key=lambda moment: moment.at)))


def _calls(run: o.Run, answer: Answer, at: float, new_id: Callable[[str], str]) -> list[Moment]:
    step_id = new_id("step")
    calls = [o.FunctionCall(new_id("call"), o.CalledFunction(one.name, one.arguments)) for one in answer.calls]
    step_calls: list[o.StepCall] = [o.FunctionStepCall(c.id, o.FunctionResult(c.function.name, c.function.arguments)) for c in calls]
    used = call_tokens(step_calls, run.model)
    return [Moment(at, StartCalls(step_id, step_calls, tokens=used)), Moment(at, AskForOutputs(step_id, calls))]


def _messages(run: o.Run, plan: Plan, answer: Answer, begin: float, end: float, new_id: Callable[[str], str]) -> list[Moment]:
    texts = answer.texts or [""]
    each = (end - begin) / len(texts)
    left = run.max_completion_tokens - plan.completion_tokens if run.max_completion_tokens is not None else None
    moments: list[Moment] = []
    for index, text in enumerate(texts):
        start, stop = begin + each * (index + 0.25), begin + each * (index + 1)
        used = tokens.count(text, run.model)
        cut = left is not None and used > left
        if cut:
            text, used = shortened(text, max(left or 0, 0), run.model)
        message_id, step_id = new_id("msg"), new_id("step")
        moments.append(Moment(start, StartMessage(message_id, step_id)))
        notes = annotations(text, answer.citations)
        moments.append(Moment(stop, EndMessage(message_id, step_id, text, start, notes, used)))
        if cut:
            moments.append(Moment(stop, Finish("incomplete", incomplete="max_completion_tokens")))
            return moments
        left = left - used if left is not None else None
    moments.append(Moment(end, Finish("completed")))
    return moments


def annotations(text: str, citations: list[Citation]) -> list[o.FileCitationAnnotation]:
    """Where in the text each mark stands, and for which file; marks that were cut off are left out."""
    positions = [(text.find(one.mark), one) for one in citations]
    return [o.FileCitationAnnotation(one.mark, o.FileCitation(one.file_id), at, at + len(one.mark)) for at, one in positions if at >= 0]


def shortened(text: str, limit: int, model: str) -> tuple[str, int]:
    """The longest beginning of `text` with at most `limit` tokens, cut between words; and its tokens."""
    words = text.split(" ")
    low, high = 0, len(words)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if tokens.count(" ".join(words[:middle]), model) <= limit else (low, middle - 1)
    prefix = " ".join(words[:low])
    return prefix, tokens.count(prefix, model)

"""From a responder's answer to a plan: the moments of a run's life, all fixed when the run (or its next round) starts."""

from collections.abc import Callable

import msgspec

from threadlab import objects as o
from threadlab import tokens
from threadlab.engine.lifecycle import EXPIRES_AFTER
from threadlab.records import (
    AskForOutputs,
    Begin,
    EndMessage,
    Finish,
    Moment,
    Plan,
    StartCalls,
    StartMessage,
)
from threadlab.responders import Answer, Prompt, Turn

BASE_TOKENS = 3
"""What our formatting adds once a prompt."""


class Pace(msgspec.Struct, frozen=True):
    """How long a run takes, in seconds of the service's clock."""

    queued: float = 0.4
    working: float = 1.8


def prompt_tokens(prompt: Prompt, known: dict[str, int]) -> int:
    """Tokens of a prompt in our formatting. `known` has the counts that are kept with the messages (o200k_base)."""
    total = BASE_TOKENS + tokens.of_message(prompt.instructions, prompt.model)
    keep = tokens.encoding_name(prompt.model) == "o200k_base"
    for turn in prompt.turns:
        kept = known.get(turn.message_id, 0) if keep else 0
        total += kept or tokens.of_message(turn.text, prompt.model)
    for result in prompt.results:
        total += tokens.of_message(result.name + result.arguments, prompt.model) + tokens.of_message(result.output, prompt.model)
    return total


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
) -> Plan:
    """The plan of the round that begins `now`: queued, in progress, then what the answer holds. `reads` are its prompt tokens."""
    begin = now + pace.queued
    end = begin + pace.working
    plan = msgspec.structs.replace(plan, prompt_tokens=plan.prompt_tokens + reads)
    moments = [Moment(begin, Begin())]
    if run.max_prompt_tokens is not None and plan.prompt_tokens > run.max_prompt_tokens:
        plan = msgspec.structs.replace(plan, prompt_tokens=plan.prompt_tokens - reads)
        moments.append(Moment(begin + 0.01, Finish("incomplete", incomplete="max_prompt_tokens")))
    elif answer.failure:
        moments.append(Moment(end, Finish("failed", error=answer.failure)))
    elif answer.calls:
        moments += _calls(answer, end, new_id)
    else:
        moments += _messages(run, plan, answer, begin, end, new_id)
    moments.append(expiry(run))
    return msgspec.structs.replace(plan, moments=tuple(sorted(moments, key=lambda moment: moment.at)))


def _calls(answer: Answer, at: float, new_id: Callable[[str], str]) -> list[Moment]:
    step_id = new_id("step")
    calls = [o.FunctionCall(new_id("call"), o.CalledFunction(one.name, one.arguments)) for one in answer.calls]
    shown: list[o.StepCall] = [o.FunctionStepCall(c.id, o.FunctionResult(c.function.name, c.function.arguments)) for c in calls]
    return [Moment(at, StartCalls(step_id, shown)), Moment(at, AskForOutputs(step_id, calls))]


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
            text, used = _shortened(text, max(left or 0, 0), run.model)
        message_id, step_id = new_id("msg"), new_id("step")
        moments.append(Moment(start, StartMessage(message_id, step_id)))
        moments.append(Moment(stop, EndMessage(message_id, step_id, text, start, tokens=used)))
        if cut:
            moments.append(Moment(stop, Finish("incomplete", incomplete="max_completion_tokens")))
            return moments
        left = left - used if left is not None else None
    moments.append(Moment(end, Finish("completed")))
    return moments


def _shortened(text: str, limit: int, model: str) -> tuple[str, int]:
    """The longest beginning of `text` with at most `limit` tokens, cut between words; and its tokens."""
    words = text.split(" ")
    low, high = 0, len(words)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if tokens.count(" ".join(words[:middle]), model) <= limit else (low, middle - 1)
    kept = " ".join(words[:low])
    return kept, tokens.count(kept, model)


def turns_of(messages: list[o.Message]) -> list[Turn]:
    return [Turn(message.role, message.text, message.id) for message in messages]

"""From a responder's answer to the plan of a response: which items it writes, and when."""

from collections.abc import Callable

import msgspec

from threadlab.engine.assistants_api.plan import shortened
from threadlab.engine.faults import Rule
from threadlab.engine.responses_api.lifecycle import GIVES_UP, GIVES_UP_AFTER
from threadlab.engine.state import Pace
from threadlab.store.records import Begin, EndItem, Finish, Moment, Plan, StartItem
from threadlab.text import tokens
from threadlab.wire import files as f
from threadlab.wire import responses as r
from threadlab.wire.prompts import Answer

SEARCH_SHARE = 0.2
"""How much of a response's working time has gone by when its file search is done."""


def plan_of(
    response: r.Response,
    answer: Answer,
    reads: int,
    now: float,
    pace: Pace,
    new_id: Callable[[str], str],
    searched: r.FileSearchCall | None = None,
    passages: list[f.Passage] | None = None,
) -> Plan:
    """The moments from `now` to the end. `reads` are the tokens of the prompt; what the response has put out already stays before it."""
    begin = now + pace.queued
    end = begin + pace.working
    moments = [Moment(begin, Begin())]
    if searched is not None:
        moments.append(Moment(begin, StartItem(0)))
        begin += SEARCH_SHARE * pace.working
        moments.append(Moment(begin, EndItem(0, searched, now + pace.queued)))
    first = len(response.output) + (0 if searched is None else 1)
    if answer.failure is not None:
        moments.append(Moment(end, Finish("failed", error=answer.failure)))
    else:
        moments += _items(response, answer, begin, end, new_id, first, passages or [])
    return Plan(tuple(sorted(moments, key=lambda moment: moment.at)), prompt_tokens=reads)


def _items(
    response: r.Response,
    answer: Answer,
    begin: float,
    end: float,
    new_id: Callable[[str], str],
    first: int,
    passages: list[f.Passage],
) -> list[Moment]:
    texts = answer.texts if answer.texts or answer.calls else [""]
    output: list[r.OutputItem] = [_message(text, answer, new_id, passages) for text in texts]
    output += [_call(one.name, one.arguments, new_id) for one in answer.calls]
    each = (end - begin) / len(output)
    left = response.max_output_tokens
    moments: list[Moment] = []
    for index, item in enumerate(output):
        start, stop = begin + each * (index + 0.25), begin + each * (index + 1)
        used = _written(item, response.model)
        cut = left is not None and used > left
        if cut:
            item, used = _cut(item, max(left or 0, 0), response.model)
        moments.append(Moment(start, StartItem(first + index)))
        moments.append(Moment(stop, EndItem(first + index, item, start, used)))
        if cut:
            return [*moments, Moment(stop, Finish("incomplete", incomplete="max_completion_tokens"))]
        left = left - used if left is not None else None
    return [*moments, Moment(end, Finish("completed"))]


def _call(name: str, arguments: str, new_id: Callable[[str], str]) -> r.FunctionCall:
    return r.FunctionCall(new_id("fc"), new_id("call"), name, arguments)


def _message(text: str, answer: Answer, new_id: Callable[[str], str], passages: list[f.Passage]) -> r.Message:
    """Marks of citations are taken out of the text: here an annotation says where one belongs."""
    names = {one.file_id: one.filename for one in passages}
    notes: list[r.FileCitation] = []
    for citation in answer.citations:
        at = text.find(citation.mark)
        if at >= 0:
            text = text.replace(citation.mark, "", 1)
            notes.append(r.FileCitation(citation.file_id, at, names.get(citation.file_id, "")))
    return r.Message(new_id("msg"), "assistant", [r.OutputText(text, notes)])


def _written(item: r.OutputItem, model: str) -> int:
    if isinstance(item, r.FunctionCall):
        return tokens.count(item.name, model) + tokens.count(item.arguments, model)
    return tokens.count(item.text, model) if isinstance(item, r.Message) else 0


def _cut(item: r.OutputItem, limit: int, model: str) -> tuple[r.OutputItem, int]:
    """As much of an item as `limit` tokens allow."""
    if isinstance(item, r.FunctionCall):
        arguments, used = shortened(item.arguments, limit, model)
        return msgspec.structs.replace(item, arguments=arguments, status="incomplete"), used
    assert isinstance(item, r.Message)
    text, used = shortened(item.text, limit, model)
    return msgspec.structs.replace(item, content=[r.OutputText(text)], status="incomplete"), used


def with_faults(plan: Plan, now: float, triggered: list[Rule]) -> Plan:
    """The plan as the faults of runs change it. A response has no way to expire: it fails then (guess)."""
    begin = plan.moments[0]
    for rule in triggered:
        match rule.kind:
            case "stuck":
                return msgspec.structs.replace(plan, moments=(begin, Moment(now + GIVES_UP_AFTER, GIVES_UP)))
            case "stuck_queued":
                return msgspec.structs.replace(plan, moments=(Moment(now + GIVES_UP_AFTER, GIVES_UP),))
            case "run_expired":
                return msgspec.structs.replace(plan, moments=(begin, Moment(begin.at + 0.5, GIVES_UP)))
            case "run_incomplete":
                return msgspec.structs.replace(plan, moments=_cut_off(plan))
    return plan


def _cut_off(plan: Plan) -> tuple[Moment, ...]:
    """The moments until the last message is written, of which only the first half of the words is there when the tokens are used up. Where
    no message would have been written, the end comes soon after the begin."""
    finish = Finish("incomplete", incomplete="max_completion_tokens")
    for moment in reversed(plan.moments):
        if isinstance(moment.action, EndItem) and isinstance(moment.action.item, r.Message):
            words = moment.action.item.text.split(" ")
            text = " ".join(words[: (len(words) + 1) // 2])
            item = msgspec.structs.replace(moment.action.item, content=[r.OutputText(text)], status="incomplete")
            written = msgspec.structs.replace(moment.action, item=item, tokens=tokens.count(text))
            earlier = [one for one in plan.moments if one.at < moment.at]
            return (*earlier, Moment(moment.at, written), Moment(moment.at, finish))
    begin = plan.moments[0]
    return begin, Moment(begin.at + 0.5, finish)

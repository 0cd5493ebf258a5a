"""The round of a response: what is read, who answers, how long it takes. A response has one."""

from __future__ import annotations

import msgspec

from threadlab.engine.call import Call
from threadlab.engine.files_api.file_search import search_for_response
from threadlab.engine.generation import answer_of, pace_of
from threadlab.engine.responses_api.lifecycle import GIVES_UP, GIVES_UP_AFTER
from threadlab.engine.responses_api.plan import plan_of, with_faults
from threadlab.engine.usage import prompt_tokens
from threadlab.store.records import Moment, Plan, Row
from threadlab.text import tokens
from threadlab.wire import responses as r
from threadlab.wire.prompts import Answer, Prompt


def plan_round(call: Call, row: Row, response: r.Response, prompt: Prompt, known: dict[str, int], include: list[str]) -> Plan:
    triggered = call.state.faults.triggered(call.operation, ("run",))
    answer = answer_of(call, prompt, triggered)
    searched: r.FileSearchCall | None = None
    if answer is not None and answer.search is not None:
        searched, prompt = search_for_response(call, response, prompt, answer.search)
        answer = answer_of(call, prompt, triggered)
        if "file_search_call.results" not in include:
            searched = msgspec.structs.replace(searched, results=None)
    reads = prompt_tokens(prompt, known)
    _charge(call, response, reads, answer or Answer())
    if answer is None:
        return call.state.questions.ask(row, Plan(()), prompt, reads, Moment(call.now + GIVES_UP_AFTER, GIVES_UP), call.now)
    plan = plan_of(response, answer, reads, call.now, pace_of(call.state.pace, triggered), call.new_id, searched, prompt.passages)
    return with_faults(plan, call.now, triggered)


def _charge(call: Call, response: r.Response, reads: int, answer: Answer) -> None:
    """Count a request to the model. Raises ApiError 429."""
    if not call.state.limits.on:
        return
    call.model = response.model
    texts = [*answer.texts, *(text for one in answer.calls for text in (one.name, one.arguments))]
    call.state.limits.charge(call.project, response.model, reads + sum(tokens.count(text, response.model) for text in texts), call.now)

"""What a deferred answer makes of its run.

Whoever answers a pending question says so through `Engine.resolve`: `Started`, then words as they come, then one `Answer`. Until then the
run waits like any other: it can be cancelled, it expires, it holds the lock of its thread. See `threadlab.engine.questions`.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from threadlab.engine.assistants_api.plan import next_round
from threadlab.engine.call import Call
from threadlab.engine.drafts import Draft
from threadlab.engine.files_api.file_search import search_files, search_for_response
from threadlab.engine.journal import Deferred, journal_ids
from threadlab.engine.responses_api.lifecycle import KEPT_IN_CONVERSATION
from threadlab.engine.responses_api.plan import plan_of
from threadlab.engine.responses_api.stream import draft_events
from threadlab.engine.state import Event, Pace, State
from threadlab.engine.usage import prompt_tokens
from threadlab.store.records import (
    AskForOutputs,
    Begin,
    EndItem,
    EndMessage,
    Finish,
    Moment,
    Plan,
    Question,
    Row,
    StartCalls,
    StartMessage,
)
from threadlab.wire import assistants as o
from threadlab.wire import responses as r
from threadlab.wire.exchange import Request
from threadlab.wire.prompts import Answer

_AT_ONCE = Pace(queued=0.0, working=0.0)


class Started(msgspec.Struct, frozen=True):
    """Somebody has taken the question up."""


AnswerPart: TypeAlias = Started | str | Answer
"""What comes from outside: that somebody works on it, more words of the answer, or all of it."""


class Answers:
    """What answers make of the runs and responses of one engine."""

    def __init__(self, state: State) -> None:
        self._state = state

    # ---- what comes back -----------------------------------------------------------------------------------------------------------------

    def accept(self, question: Question, part: AnswerPart, now: float) -> None:
        """Let it change the run. The caller has made sure that the question is still open, and keeps the changes together."""
        row = self._state.store.get(question.run_id)
        if row is None or row.plan is None:
            self._state.questions.forget(question.run_id)  # what it belonged to was never kept
            return
        row = self._begin(row, now)
        match part:
            case str():
                self._write(row, question, part, now)
            case Answer():
                self._answer(row, question, part, now)

    def _begin(self, row: Row, now: float) -> Row:
        if row.body.status != "queued":  # type: ignore[union-attr]
            return row
        row = self._state.apply(row, Moment(now, Begin()))
        self._state.store.put(row)
        return row

    # ---- words ---------------------------------------------------------------------------------------------------------------------------

    def _write(self, row: Row, question: Question, words: str, now: float) -> None:
        if isinstance(row.body, r.Response) and question.prompt.passages:
            return  # the marks of citations are taken out of the text when all of it is there
        draft = self._draft(row)
        ready = draft.add(words)
        if ready:
            row = self._open(row, draft, now)
            self._tell(row, draft, ready, now)

    def _draft(self, row: Row) -> Draft:
        assert row.plan is not None
        waiting = row.plan.waiting
        return self._state.drafts.setdefault(row.id, Draft(waiting.message_id, waiting.step_id) if waiting else Draft())

    def _open(self, row: Row, draft: Draft, now: float) -> Row:
        """The message that the first words begin."""
        if draft.message_id:
            return row
        draft.message_id = self._state.new_id("msg")
        if isinstance(row.body, r.Response):
            self._tell_response(row, draft, [], now, opens=True)
            return row
        draft.step_id = self._state.new_id("step")
        row = self._state.apply(row, Moment(now, StartMessage(draft.message_id, draft.step_id)))
        assert row.plan is not None
        assert row.plan.waiting is not None
        waiting = msgspec.structs.replace(row.plan.waiting, message_id=draft.message_id, step_id=draft.step_id)
        row = msgspec.structs.replace(row, plan=msgspec.structs.replace(row.plan, waiting=waiting))
        self._state.store.put(row)
        return row

    def _tell(self, row: Row, draft: Draft, words: list[str], now: float) -> None:
        if isinstance(row.body, r.Response):
            self._tell_response(row, draft, words, now)
            return
        blocks = [{"index": 0, "type": "text", "text": {"value": word, "annotations": []}} for word in words]
        name = "thread.message.delta"
        events: list[Event] = [(name, {"id": draft.message_id, "object": name, "delta": {"content": [block]}}) for block in blocks]
        self._state.notify(row, events, now)

    def _tell_response(self, row: Row, draft: Draft, words: list[str], now: float, opens: bool = False) -> None:
        assert isinstance(row.body, r.Response)
        events: list[Event] = [(one["type"], one) for one in draft_events(len(row.body.output), draft.message_id, words, opens=opens)]
        self._state.notify(row, events, now)

    # ---- answers -------------------------------------------------------------------------------------------------------------------------

    def _answer(self, row: Row, question: Question, answer: Answer, now: float) -> None:
        self._log(row, question, answer, now)
        if answer.cut:
            answer = msgspec.structs.replace(answer, calls=[])  # cut short, their arguments are no JSON
        plan = row.plan
        assert plan is not None
        waiting = plan.waiting
        assert waiting is not None
        reads = answer.usage.prompt_tokens if answer.usage else waiting.reads
        plan = msgspec.structs.replace(plan, prompt_tokens=plan.prompt_tokens - waiting.reads)
        self._state.questions.drop(row.id)
        if answer.search is not None:
            self._search(row, msgspec.structs.replace(plan, prompt_tokens=plan.prompt_tokens + reads), question, answer, now)
            return
        draft = None if answer.failure else self._whole_draft(row, answer, now)
        if draft is not None and not answer.texts:
            answer = msgspec.structs.replace(answer, texts=[draft.text])
        if isinstance(row.body, o.Run):
            plan = self._of_run(row.body, plan, answer, reads, now)
        else:
            plan = self._of_response(row.body, plan, question, answer, reads, now)
        moments = _ending(_counted(plan.moments, answer), answer, row.body.status)  # type: ignore[union-attr]
        if draft is not None:
            moments = _continued(moments, draft)
        still_waiting = plan.waiting if answer.failure else None  # what was begun is ended by the failure
        row = msgspec.structs.replace(row, plan=msgspec.structs.replace(plan, moments=tuple(moments), waiting=still_waiting))
        self._state.carry_on(row, now)

    def _whole_draft(self, row: Row, answer: Answer, now: float) -> Draft | None:
        """The message that the answer has begun, told to its end; None if it has begun none."""
        draft = self._state.drafts.pop(row.id, None)
        if draft is None or not draft.message_id:
            return None
        self._tell(row, draft, draft.rest(answer.texts[0] if answer.texts else draft.text), now)
        return draft

    def _log(self, row: Row, question: Question, answer: Answer, now: float) -> None:
        entry = Deferred(at=now, operation="answered", text=" ".join(answer.texts)[:500], **journal_ids(row, question.id))
        entry.calls, entry.usage = tuple(one.name for one in answer.calls), answer.usage
        if answer.failure:
            entry.error, entry.code = answer.failure.message, answer.failure.code
        self._state.journal.add(entry)

    def _of_run(self, run: o.Run, plan: Plan, answer: Answer, reads: int, now: float) -> Plan:
        unlimited = msgspec.structs.replace(run, max_prompt_tokens=None, max_completion_tokens=None)  # whoever answered was told
        return next_round(unlimited, plan, answer, reads, now, _AT_ONCE, self._state.new_id)

    def _of_response(self, response: object, plan: Plan, question: Question, answer: Answer, reads: int, now: float) -> Plan:
        assert isinstance(response, r.Response)
        unlimited = msgspec.structs.replace(response, max_output_tokens=None)
        new = plan_of(unlimited, answer, plan.prompt_tokens + reads, now, _AT_ONCE, self._state.new_id, None, question.prompt.passages)
        return msgspec.structs.replace(plan, moments=new.moments, prompt_tokens=new.prompt_tokens)

    def _search(self, row: Row, plan: Plan, question: Question, answer: Answer, now: float) -> None:
        """Search the files for what the answer wants to know, and ask again with what was found."""
        assert answer.search is not None
        state, (end, *_) = self._state, plan.moments
        call = Call(state, "resolve", (), Request("POST", ""), row.project, now)
        row = msgspec.structs.replace(row, plan=plan)
        draft = self._whole_draft(row, answer, now)
        row = row if draft is None else self._said_first(row, draft, now)
        if isinstance(row.body, o.Run):
            search_call, prompt = search_files(call, row.body, question.prompt, answer.search)
            action: StartCalls | EndItem = StartCalls(state.new_id("step"), [search_call], done=True)
        else:
            assert isinstance(row.body, r.Response)
            item, prompt = search_for_response(call, row.body, question.prompt, answer.search)
            action = EndItem(len(row.body.output), msgspec.structs.replace(item, results=None), now)
        row = self._state.apply(row, Moment(now, action))
        assert row.plan is not None
        tokens_written = answer.usage.completion_tokens if answer.usage else 0
        plan = msgspec.structs.replace(row.plan, completion_tokens=row.plan.completion_tokens + tokens_written)
        plan = self._state.questions.ask(row, plan, prompt, prompt_tokens(prompt, {}), end, now)
        state.store.put(msgspec.structs.replace(row, plan=plan))

    def _said_first(self, row: Row, draft: Draft, now: float) -> Row:
        """What was said before a search becomes a message of its own."""
        if isinstance(row.body, r.Response):
            item = r.Message(draft.message_id, "assistant", [r.OutputText(draft.text)])
            return self._state.apply(row, Moment(now, EndItem(len(row.body.output), item, now)))
        return self._state.apply(row, Moment(now, EndMessage(draft.message_id, draft.step_id, draft.text, now)))


# ---- the moments of an answer ----------------------------------------------------------------------------------------------------------


def _counted(moments: tuple[Moment, ...], answer: Answer) -> list[Moment]:
    """The moments with as many completion tokens as the answer says that it cost: the first that writes has what is hidden, too."""
    result = list(moments)
    writing = [index for index, one in enumerate(result) if isinstance(one.action, EndMessage | EndItem | StartCalls)]
    if answer.usage is None or not writing:
        return result
    own = sum(getattr(result[index].action, "tokens", 0) for index in writing[1:])
    first = result[writing[0]]
    cost = max(answer.usage.completion_tokens - own, 0)
    result[writing[0]] = Moment(first.at, msgspec.structs.replace(first.action, tokens=cost))
    return result


def _ending(moments: list[Moment], answer: Answer, status: str) -> list[Moment]:
    """The moments of a round that ends otherwise: cut short, or wanting tools while it is being cancelled."""
    changed: list[Moment] = []
    for one in moments:
        action = one.action
        if answer.cut and isinstance(action, Finish) and action.status in KEPT_IN_CONVERSATION:
            action = Finish("incomplete", incomplete="max_completion_tokens")
        elif status == "cancelling" and isinstance(action, AskForOutputs):
            action = Finish("cancelled")
        changed.append(Moment(one.at, action))
    return changed


def _continued(moments: list[Moment], draft: Draft) -> list[Moment]:
    """The moments with the message that was begun already, in place of one to begin."""
    resumed, result = False, list[Moment]()
    for one in moments:
        action = one.action
        if isinstance(action, StartMessage) and not resumed:
            continue
        if isinstance(action, EndMessage) and not resumed:
            resumed, action = True, msgspec.structs.replace(action, message_id=draft.message_id, step_id=draft.step_id)
        elif isinstance(action, EndItem) and isinstance(action.item, r.Message) and not resumed:
            resumed, action = True, msgspec.structs.replace(action, item=msgspec.structs.replace(action.item, id=draft.message_id))
        result.append(Moment(one.at, action))
    return result

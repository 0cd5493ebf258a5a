"""The life of a response: its six statuses, and what each moment of its plan does.

`step` is a pure function, so that what a response will be can be told before it is: the reply to a request that is not in the background
is the finished response, and a stream is the plan, told in time.
"""

import msgspec

from threadlab.engine.drafts import Draft
from threadlab.engine.journal import Ids, Journal, MessageChanged, RunChanged, StepChanged
from threadlab.engine.state import Event
from threadlab.engine.usage import tokens_of
from threadlab.store.protocol import Query, Store
from threadlab.store.records import Begin, EndItem, Finish, Moment, Plan, Row
from threadlab.wire import responses as r
from threadlab.wire.assistants import LastError
from threadlab.wire.statuses import RESPONSE_ENDS

TERMINAL: frozenset[str] = frozenset(RESPONSE_ENDS)
GIVES_UP_AFTER = 600
"""Seconds after which a response that does not end fails (guess: the description has no `expired`)."""
GIVES_UP = Finish("failed", error=LastError("server_error", "The response took too long and was given up."))

KEPT_IN_CONVERSATION: frozenset[str] = frozenset({"completed", "incomplete"})
"""Responses that end so leave their input and output in their conversation. The description says *after it completes*; that an incomplete
one counts as complete, and that one that failed or was cancelled leaves nothing, is a guess."""

_REASONS = {"max_completion_tokens": "max_output_tokens", "max_prompt_tokens": "max_output_tokens"}


def step(response: r.Response, plan: Plan, moment: Moment) -> tuple[r.Response, Plan]:
    """What one moment makes of a response."""
    action = moment.action
    plan = msgspec.structs.replace(plan, moments=tuple(later for later in plan.moments if later is not moment))
    match action:
        case Begin():
            return msgspec.structs.replace(response, status="in_progress"), plan
        case EndItem():
            plan = msgspec.structs.replace(plan, completion_tokens=plan.completion_tokens + action.tokens)
            return msgspec.structs.replace(response, output=[*response.output, action.item]), plan
        case Finish():
            return _finished(response, plan, action, moment.at), msgspec.structs.replace(plan, moments=())
        case _:
            return response, plan


def _finished(response: r.Response, plan: Plan, action: Finish, at: float) -> r.Response:
    fields: dict[str, object] = {"status": action.status}
    if action.status == "completed":
        fields["completed_at"] = int(at)
    if action.error is not None:
        fields["error"] = r.ResponseError(action.error.code, action.error.message)
    if action.incomplete is not None:
        fields["incomplete_details"] = r.IncompleteDetails(_REASONS[action.incomplete])  # type: ignore[arg-type]
    if action.status in KEPT_IN_CONVERSATION:
        used = r.Usage(plan.prompt_tokens, plan.completion_tokens, plan.prompt_tokens + plan.completion_tokens)
        fields["usage"] = used
    return msgspec.structs.replace(response, **fields)


def finished(response: r.Response, plan: Plan) -> tuple[r.Response, float]:
    """What the response will be in the end, and when."""
    at = 0.0
    while plan.moments:
        at = plan.moments[0].at
        response, plan = step(response, plan, plan.moments[0])
    return response, at


class ResponseLifecycle:
    """Applies moments to the responses of one store."""

    def __init__(self, store: Store, journal: Journal, drafts: dict[str, Draft]) -> None:
        self.store, self.journal, self._drafts = store, journal, drafts

    def apply(self, row: Row, moment: Moment) -> tuple[Row, list[Event]]:
        """Let one moment happen. Returns the row as it now is, for the caller to write; there is nothing to send but the row itself."""
        before, plan = row.body, row.plan
        assert isinstance(before, r.Response)
        assert plan is not None
        if isinstance(moment.action, Finish) and (draft := self._drafts.get(row.id)) and draft.text:
            partial = r.Message(draft.message_id, "assistant", [r.OutputText(draft.text)], "incomplete")  # it was told, so it stays
            before = msgspec.structs.replace(before, output=[*before.output, partial])
        response, plan = step(before, plan, moment)
        if isinstance(moment.action, EndItem):
            self._log_item(row, moment.action, moment.at)
        if response.status != before.status:
            entry = RunChanged(at=moment.at, state=response.status, conversation_id=row.parent, response_id=response.id)
            if response.error:
                entry.error, entry.code = response.error.message, response.error.code
            self.journal.add(entry)
        if response.status in TERMINAL:
            self._end(row, response, plan)
        over = response.status in TERMINAL and not plan.forget
        return msgspec.structs.replace(row, body=response, plan=None if over else plan), []

    def _log_item(self, row: Row, action: EndItem, at: float) -> None:
        item = action.item
        ids: Ids = {"conversation_id": row.parent, "response_id": row.id, "object_id": item.id}
        if isinstance(item, r.Message):
            self.journal.add(MessageChanged(at=at, state=item.status, text=item.text, **ids))
        else:
            self.journal.add(StepChanged(at=at, state=item.status, kind=str(item.__struct_config__.tag), **ids))

    def _end(self, row: Row, response: r.Response, plan: Plan) -> None:
        """Give the conversation what belongs to it, and drop what is not to be kept."""
        conversation = self.store.get(row.parent) if row.parent else None
        if conversation is not None and response.status in KEPT_IN_CONVERSATION and not plan.detached:
            inputs = self.store.page(Query("response.input_item", row.project, row.id, limit=1_000_000))
            for input_row in inputs:
                assert isinstance(input_row.body, r.InputItem)
                self._add(row, input_row.body.item, input_row.tokens)
            for item in response.output:
                self._add(row, item, tokens_of(item))
        elif not row.parent and response.status in KEPT_IN_CONVERSATION and not plan.forget:
            for item in response.output:
                place = r.WrittenItem(item.id, row.id)
                self.store.put(Row(item.id, "response.output_item", row.project, row.id, self.store.next_seq(), place))
        if plan.forget:
            self.store.remove_below(row.id)

    def _add(self, row: Row, item: r.Item, tokens: int) -> None:
        if self.store.get(item.id) is None:  # an item that was only referred to is there already
            body = r.ConversationItem(item.id, item)
            self.store.put(Row(item.id, "conversation.item", row.project, row.parent, self.store.next_seq(), body, tokens=tokens))

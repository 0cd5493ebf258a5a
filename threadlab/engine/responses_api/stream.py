"""A response as server-sent events: the same events, with the same numbers, whoever reads them and whenever.

The events follow from the response and from what is left of its plan, so a stream that is picked up later (`starting_after`) tells the
same story. Once it is over there is no `[DONE]`: the last event is the end.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from threadlab.engine.assistants_api.stream import StreamCut, cut_text, encode
from threadlab.engine.drafts import Draft, piece_times, pieces
from threadlab.engine.journal import Dropped
from threadlab.engine.responses_api.lifecycle import TERMINAL, step
from threadlab.engine.state import Event, State
from threadlab.store.records import Begin, EndItem, Finish, Plan, Row
from threadlab.wire import responses as r

Timed = tuple[float, dict[str, Any]]
"""When an event is due, and its data without its number."""


def timeline(response: r.Response, plan: Plan | None, draft: Draft | None = None) -> list[Timed]:
    """Every event of a response, oldest first; what is past is due at 0. `draft` is what somebody outside has written of it so far."""
    fresh = msgspec.structs.replace(
        response,
        status="queued" if response.background else "in_progress",
        output=[],
        error=None,
        incomplete_details=None,
        completed_at=None,
        usage=msgspec.UNSET,
    )
    events: list[Timed] = [(0.0, {"type": "response.created", "response": fresh})]
    if response.background:
        events.append((0.0, {"type": "response.queued", "response": fresh}))
    if response.status == "cancelled":
        return events
    moments = plan.moments if plan is not None and plan.waiting is None else ()  # what an answer brings is not known
    begins = next((moment.at for moment in moments if isinstance(moment.action, Begin)), 0.0) if response.background else 0.0
    started = msgspec.structs.replace(fresh, status="in_progress")
    if response.status != "queued" or any(isinstance(moment.action, Begin) for moment in moments):
        events.append((begins, {"type": "response.in_progress", "response": started}))
    for index, item in enumerate(response.output):
        events += _item_events(index, item, 0.0, 0.0)
    if response.status in TERMINAL:
        return [*events, (0.0, {"type": f"response.{response.status}", "response": response})]
    if draft is not None and draft.message_id:
        events += [(0.0, one) for one in draft_events(len(response.output), draft.message_id, pieces(draft.text), opens=True)]
    for moment in moments:
        assert plan is not None
        response, plan = step(response, plan, moment)
        if isinstance(moment.action, EndItem):
            events += _item_events(moment.action.index, moment.action.item, moment.action.started, moment.at)
        elif isinstance(moment.action, Finish):
            events.append((moment.at, {"type": f"response.{response.status}", "response": response}))
    return events


def _item_events(index: int, item: r.OutputItem, start: float, end: float) -> list[Timed]:
    at = {"output_index": index}
    match item:
        case r.Message():
            first_state: object = msgspec.structs.replace(item, content=[], status="in_progress")
            middle = _message_events(index, item, start, end)
        case r.FunctionCall():
            first_state = msgspec.structs.replace(item, arguments="", status="in_progress")
            middle = _call_events(index, item, start, end)
        case r.FileSearchCall():
            first_state = msgspec.structs.replace(item, status="in_progress", results=None)
            names = (("in_progress", start), ("searching", start), ("completed", end))
            middle = [(when, {"type": f"response.file_search_call.{name}", "item_id": item.id, **at}) for name, when in names]
    return [
        (start, {"type": "response.output_item.added", "item": first_state, **at}),
        *middle,
        (end, {"type": "response.output_item.done", "item": item, **at}),
    ]


def draft_events(index: int, message_id: str, words: list[str], *, opens: bool) -> list[dict[str, Any]]:
    """The events that more words of a message make; `opens` says that they are its first."""
    where = {"item_id": message_id, "output_index": index, "content_index": 0}
    message = r.Message(message_id, "assistant", [], "in_progress")
    first: list[dict[str, Any]] = [
        {"type": "response.output_item.added", "item": message, "output_index": index},
        {"type": "response.content_part.added", "part": r.OutputText(""), **where},
    ]
    deltas = [{"type": "response.output_text.delta", "delta": word, "logprobs": [], **where} for word in words]
    return [*(first if opens else ()), *deltas]


def _message_events(index: int, item: r.Message, start: float, end: float) -> list[Timed]:
    (part,) = item.content
    assert isinstance(part, r.OutputText)
    where = {"item_id": item.id, "output_index": index, "content_index": 0}
    words = zip(pieces(part.text), piece_times(part.text, start, end), strict=True)
    return [
        (start, {"type": "response.content_part.added", "part": r.OutputText(""), **where}),
        *((at, {"type": "response.output_text.delta", "delta": word, "logprobs": [], **where}) for word, at in words),
        *(
            (end, {"type": "response.output_text.annotation.added", "annotation": note, "annotation_index": number, **where})
            for number, note in enumerate(part.annotations)
        ),
        (end, {"type": "response.output_text.done", "text": part.text, "logprobs": [], **where}),
        (end, {"type": "response.content_part.done", "part": part, **where}),
    ]


def _call_events(index: int, item: r.FunctionCall, start: float, end: float) -> list[Timed]:
    where = {"item_id": item.id, "output_index": index}
    words = zip(pieces(item.arguments), piece_times(item.arguments, start, end), strict=True)
    done = {"type": "response.function_call_arguments.done", "arguments": item.arguments, "name": item.name, **where}
    return [
        *((at, {"type": "response.function_call_arguments.delta", "delta": word, **where}) for word, at in words),
        (end, done),
    ]


class ResponseStream:
    """What one client reads of one response.

    When the client goes away the response goes on. But a stream that is closed before an item was done leaves its conversation as it was:
    the response completes, and neither its input nor its output joins (seen: openai/openai-python#3561, openai/openai-node#2571). Once a
    call was done, it stays, and wants its output (seen: openai/openai-agents-js#1190).
    """

    def __init__(self, state: State, row: Row, after: int | None = None, cut_after: int | None = None, slower: float = 0.0) -> None:
        self._state, self._id = state, row.id
        self._next = 0 if after is None else after + 1
        self._sent = 0
        self._cut_after, self._slower, self._not_before = cut_after, slower, 0.0
        self._ended = self._item_told = False
        self.wake: Callable[[], None] = lambda: None
        self._know(row)
        state.subscribe(row.id, self._on_events)

    def _know(self, row: Row) -> None:
        assert isinstance(row.body, r.Response)
        self._events = timeline(row.body, row.plan, self._state.drafts.get(row.id))
        self._over = row.body.status in TERMINAL or row.plan is None or row.plan.waiting is None

    def _on_events(self, row: Row, events: list[Event], at: float) -> None:
        if events:
            self._events += [(0.0, data) for _, data in events]  # type: ignore[misc]
        else:
            self._know(row)
        self.wake()

    @property
    def next_at(self) -> float | None:
        if self._ended:
            return None
        if self._next >= len(self._events):
            return self._not_before if self._told_all() else self._state.next_of(self._id)
        return max(self._events[self._next][0], self._not_before)

    def read(self, now: float) -> list[bytes]:
        if self._ended:
            return []
        self._state.advance(now)
        out: list[bytes] = []
        while self._next < len(self._events) and max(self._events[self._next][0], self._not_before) <= now:
            data = self._events[self._next][1]
            out.append(encode(data["type"], {**data, "sequence_number": self._next}))
            self._next += 1
            self._sent += 1
            self._item_told = self._item_told or data["type"] == "response.output_item.done"
            if self._slower:
                self._not_before = now + self._slower
            if self._cut_after is not None and self._sent >= self._cut_after:
                self.close()
                self._state.journal.add(Dropped(at=now, operation="stream", response_id=self._id, text=cut_text(self._sent)))
                raise StreamCut(out)
        if self._next >= len(self._events) and self._told_all():
            self._end()
        return out

    def _told_all(self) -> bool:
        """Whether nothing can come any more: all that will happen is known, or the response was deleted."""
        return self._over or self._state.next_of(self._id) is None

    def close(self) -> None:
        """Stop listening, before the end or at it. Harmless to call twice."""
        if not self._ended and not self._item_told:
            self._state.detach(self._id)
        self._end()

    def _end(self) -> None:
        self._state.unsubscribe(self._id, self._on_events)
        self._ended = True


class ResponseBody:
    """The body of a reply that is the finished response, where nobody can say yet when that will be."""

    def __init__(self, state: State, row: Row) -> None:
        self._state, self._row = state, row
        self._ended = False
        self.wake: Callable[[], None] = lambda: None
        state.subscribe(row.id, self._on_events)

    def _on_events(self, row: Row, events: list[Event], at: float) -> None:
        self._row = row
        if self._over():
            self.wake()

    def _over(self) -> bool:
        assert isinstance(self._row.body, r.Response)
        return self._row.body.status in TERMINAL or self._state.next_of(self._row.id) is None  # done, or deleted

    @property
    def next_at(self) -> float | None:
        if self._ended:
            return None
        return 0.0 if self._over() else self._state.next_of(self._row.id)

    def read(self, now: float) -> list[bytes]:
        if self._ended:
            return []
        self._state.advance(now)
        if not self._over():
            return []
        self.close()
        return [msgspec.json.encode(self._row.body)]

    def close(self) -> None:
        """Stop listening. Harmless to call twice."""
        self._state.unsubscribe(self._row.id, self._on_events)
        self._ended = True

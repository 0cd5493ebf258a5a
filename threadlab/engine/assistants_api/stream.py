"""A run as server-sent events: the events of its life as they happen, and the words of its messages as they are written."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Callable
from itertools import accumulate
from typing import Any

import msgspec

from threadlab.engine.assistants_api.lifecycle import bare
from threadlab.engine.drafts import piece_times, pieces
from threadlab.engine.journal import Dropped
from threadlab.engine.state import Event, State
from threadlab.store.records import EndMessage, Row
from threadlab.wire import assistants as o

LAST = {
    "thread.run.requires_action",
    "thread.run.completed",
    "thread.run.incomplete",
    "thread.run.failed",
    "thread.run.cancelled",
    "thread.run.expired",
}
"""A stream ends after one of these."""


def encode(name: str, data: object) -> bytes:
    body = data if isinstance(data, bytes) else msgspec.json.encode(data)
    return b"event: " + name.encode() + b"\ndata: " + body + b"\n\n"


class RunStream:
    """What one client reads of one run. Nothing of it is kept when the client goes away; the run does not notice."""

    def __init__(
        self,
        state: State,
        run_id: str,
        first: list[Event],
        cut_after: int | None = None,
        slower: float = 0.0,
        *,
        passages: bool = False,
    ) -> None:
        self._state, self._run_id = state, run_id
        self._passages = passages
        """Whether run steps show the passages that a search found."""
        self._ready: deque[Event] = deque(first)
        self._deltas: deque[tuple[float, str, dict[str, Any]]] = deque()
        """What is still to be written: when, into which message, and the block: a picture, or words and the annotations ending in them."""
        self._open: str | None = None
        self._sent = 0
        self._cut_after, self._slower, self._not_before = cut_after, slower, 0.0
        self._ended = False
        self.wake: Callable[[], None] = lambda: None
        state.subscribe(run_id, self._on_events)

    # ---- what the engine tells -----------------------------------------------------------------------------------------------------------

    def _on_events(self, row: Row, events: list[Event], at: float) -> None:
        self._write_until(at, through=any(name == "thread.message.completed" for name, _ in events))
        for name, data in events:
            self._ready += _step_events(name, data, self._passages) if isinstance(data, o.RunStep) else [(name, data)]
            if name == "thread.message.created" and isinstance(data, o.Message):
                self._expect(row, data.id)
            elif name in ("thread.message.completed", "thread.message.incomplete"):
                self._deltas.clear()
        self.wake()

    def _expect(self, row: Row, message_id: str) -> None:
        """A message has been begun: its words will come at known times."""
        for moment in row.plan.moments if row.plan else ():
            action = moment.action
            if isinstance(action, EndMessage) and action.message_id == message_id:
                words = pieces(action.text)
                times = piece_times(action.text, action.started, moment.at)
                notes = _annotations_by_piece(words, action.annotations)
                pictures = [{"index": at, "type": "image_file", "image_file": {"file_id": one}} for at, one in enumerate(action.images)]
                self._deltas = deque((action.started, message_id, picture) for picture in pictures)
                for at, word, note in zip(times, words, notes, strict=True):
                    block = {"index": len(pictures), "type": "text", "text": {"value": word, "annotations": note}}
                    self._deltas.append((at, message_id, block))

    def _write_until(self, now: float, through: bool = False) -> None:
        while self._deltas and (through or self._deltas[0][0] <= now):
            _, message_id, block = self._deltas.popleft()
            self._ready.append(
                ("thread.message.delta", {"id": message_id, "object": "thread.message.delta", "delta": {"content": [block]}})
            )

    # ---- what the reader asks ------------------------------------------------------------------------------------------------------------

    @property
    def next_at(self) -> float | None:
        if self._ended:
            return None
        if self._ready:
            return self._not_before
        times = [self._deltas[0][0]] if self._deltas else []
        run_at = self._state.next_of(self._run_id)
        if run_at is not None:
            times.append(run_at)
        return max(min(times), self._not_before) if times else self._not_before

    def read(self, now: float) -> list[bytes]:
        if self._ended:
            return []
        self._state.advance(now)
        self._write_until(now)
        if not self._ready and not self._deltas and self._state.next_of(self._run_id) is None:
            return self._end([encode("done", b"[DONE]")])  # the run's thread was deleted under it
        out: list[bytes] = []
        while self._ready and now >= self._not_before:
            name, data = self._ready.popleft()
            out.append(encode(name, data))
            self._sent += 1
            if self._slower:
                self._not_before = now + self._slower
            if self._cut_after is not None and self._sent >= self._cut_after:
                self._state.journal.add(Dropped(at=now, operation="stream", run_id=self._run_id, text=cut_text(self._sent)))
                raise StreamCut(out)
            if name in LAST:
                return self._end([*out, encode("done", b"[DONE]")])
        return out

    def _end(self, out: list[bytes]) -> list[bytes]:
        self._ended = True
        self.close()
        return out

    def close(self) -> None:
        """Stop listening. Harmless to call twice."""
        self._state.unsubscribe(self._run_id, self._on_events)
        self._ended = True


def cut_text(events: int) -> str:
    """What the journal says of a stream that a fault breaks."""
    return f"stream_cut: the connection broke after {events} event{'' if events == 1 else 's'}"


class StreamCut(Exception):
    """A fault breaks the stream here; `chunks` still arrive."""

    def __init__(self, chunks: list[bytes]) -> None:
        super().__init__("the stream was cut")
        self.chunks = chunks


def _annotations_by_piece(words: list[str], annotations: list[o.FileCitationAnnotation]) -> list[list[dict[str, Any]]]:
    """Each annotation belongs to the piece that its mark ends in."""
    result: list[list[dict[str, Any]]] = [[] for _ in words]
    ends = list(accumulate(map(len, words)))
    for index, note in enumerate(annotations):
        at = min(bisect_left(ends, note.end_index), len(words) - 1)
        delta = msgspec.to_builtins(note)
        delta["file_citation"]["quote"] = ""  # in a delta alone (seen: Lambdua/openai4j#59)
        result[at].append({"index": index, **delta})
    return result


def _step_events(name: str, step: o.RunStep, passages: bool) -> list[Event]:
    """A step as a stream tells it: its tool calls come in deltas, and are not in it when it begins (official reference of the events)."""
    if not isinstance(step.step_details, o.ToolCalls):
        return [(name, step)]
    if name == "thread.run.step.delta":
        return _call_deltas(step.id, step.step_details.tool_calls)
    if name in ("thread.run.step.created", "thread.run.step.in_progress"):
        return [(name, msgspec.structs.replace(step, step_details=o.ToolCalls([])))]
    return [(name, step if passages else bare(step))]


def _call_deltas(step_id: str, calls: list[o.StepCall]) -> list[Event]:
    """Each call begins without its arguments, which follow in pieces: whoever adds the deltas up has the call.

    What a search found is in no delta, as the SDK could not add it up: the completed step has it.
    """
    parts: list[dict[str, Any]] = []
    for index, one in enumerate(calls):
        if isinstance(one, o.FileSearchStepCall):
            parts.append({"index": index, "id": one.id, "type": "file_search", "file_search": {}})
            continue
        function = {"name": one.function.name, "arguments": "", "output": None}
        parts.append({"index": index, "id": one.id, "type": "function", "function": function})
        parts += [{"index": index, "type": "function", "function": {"arguments": piece}} for piece in pieces(one.function.arguments)]
    name = "thread.run.step.delta"
    deltas = [{"step_details": {"type": "tool_calls", "tool_calls": [part]}} for part in parts]
    return [(name, {"id": step_id, "object": name, "delta": delta}) for delta in deltas]

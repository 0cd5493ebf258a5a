"""The requests of a recording, asked again: of a fresh engine in this process, on virtual time.

Ids that the recorded replies had become those that this service gave in their place. A run, a response or a file that had come to an end in
the recording gets the time that it needs to come to one here, so that it does not matter how fast the endpoint was.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import zip_longest
from typing import Any, NamedTuple

from threadlab.drift import schema as s
from threadlab.drift import shapes
from threadlab.engine.assistants_api.stream import StreamCut
from threadlab.engine.routes import find_operation
from threadlab.recording.event_stream import Events
from threadlab.recording.exchanges import Exchange, Line, Recording, content
from threadlab.service.in_process import Service
from threadlab.virtual_time.clock import VirtualClock
from threadlab.wire.errors import ApiError
from threadlab.wire.exchange import Reply, Request

_PENDING = frozenset({"queued", "in_progress", "cancelling"})
_MOST_WAITS = 200
"""Moments of the engine that a run is waited for."""
_WORD = re.compile(r"[A-Za-z]+[_-][\w-]{6,}")


class Finding(NamedTuple):
    """One difference, and which line of the recording has it."""

    line: int
    request: str
    at: str
    kind: str
    """`status`, `field`, `type`, `enum`, `order` (of a stream's events), or `body` (JSON, a stream, or neither)."""
    sentence: str


class LeftOut(NamedTuple):
    """An exchange that was not compared, and why."""

    line: int
    request: str
    why: str


class Said(NamedTuple):
    """What was answered, on either side."""

    status: int
    json: Any
    """NOTHING if the body is not JSON."""
    events: list[tuple[str | None, Any]] | None


class Replay:
    """Asks, and compares."""

    def __init__(self) -> None:
        self.compared = 0
        self.left_out: list[LeftOut] = []
        self._clock = VirtualClock()
        self._service = Service(clock=self._clock)
        self._began, self._ids = self._clock.now(), shapes.Ids()

    def findings(self, recording: Recording) -> Iterator[Finding]:
        with self._service:
            for line in recording.lines:
                yield from self._line(line)

    def _line(self, line: Line) -> Iterator[Finding]:
        number, exchange = line
        request = f"{exchange.method} {exchange.path}"
        why = self._why_not(exchange)
        if why:
            self._forget(exchange)
            self.left_out.append(LeftOut(number, request, why))
            return
        self.compared += 1
        self._clock.advance_to(self._began + exchange.at)
        recorded = _recorded(exchange)
        ours = self._ask(exchange, recorded)
        for one in self._differences(exchange, recorded, ours):
            yield Finding(number, request, *one)

    def _why_not(self, exchange: Exchange) -> str:
        """Why an exchange cannot be compared; empty if it can."""
        if exchange.status == 429 or exchange.status >= 500:
            return f"status {exchange.status} was a moment's trouble of the endpoint"
        try:
            find_operation(exchange.method, f"/v1{exchange.path}")
        except ApiError:
            if exchange.status < 400:
                return "this service does not have the operation"
        unknown = self._unknown_ids(exchange)
        return f"nothing here stands for {unknown[0]}, which an earlier reply had" if unknown else ""

    def _unknown_ids(self, exchange: Exchange) -> list[str]:
        body = exchange.body.encoded().decode("utf-8", "replace") if exchange.body else ""
        words = [*_WORD.findall(exchange.path), *_WORD.findall(exchange.query), *_WORD.findall(body)]
        return [word for word in words if word in self._ids.recorded and word not in self._ids.ours]

    def _forget(self, exchange: Exchange) -> None:
        """Note the ids of a reply that is not compared."""
        recorded = _recorded(exchange)
        for value in [recorded.json, *(data for _, data in recorded.events or ())]:
            for word in _WORD.findall(json.dumps(value)) if value is not shapes.NOTHING else ():
                self._ids.pair(word, None)

    # ---- asking --------------------------------------------------------------------------------------------------------------------------

    def _ask(self, exchange: Exchange, recorded: Said) -> Said:
        ours = self._asked_once(exchange)
        if exchange.method != "GET" or not _settled(recorded):
            return ours
        for _ in range(_MOST_WAITS):
            due = self._service.engine.next_at
            if _settled(ours) or due is None:
                break
            self._clock.advance_to(due)
            ours = self._asked_once(exchange)
        return ours

    def _asked_once(self, exchange: Exchange) -> Said:
        body = exchange.body.encoded() if exchange.body else b""
        request = Request(
            exchange.method,
            self._in_our_ids(f"/v1{exchange.path}"),
            self._in_our_ids(exchange.query),
            {**exchange.headers, "authorization": f"Bearer {self._service.key}"},
            self._in_our_ids(body.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape"),
        )
        reply = self._service.engine.handle(request, self._clock.now())
        assert isinstance(reply, Reply)  # no fault was asked for
        return self._read(reply)

    def _in_our_ids(self, text: str) -> str:
        return _WORD.sub(lambda found: self._ids.ours.get(found[0], found[0]), text)

    def _read(self, reply: Reply) -> Said:
        if reply.stream is None:
            return Said(reply.status, _json(content(reply.body)), None)
        reader, events = Events(), list[tuple[str | None, Any]]()
        while (at := reply.stream.next_at) is not None:
            self._clock.advance_to(at)
            try:
                parts = reply.stream.read(self._clock.now())
            except StreamCut as cut:
                parts = cut.chunks
            events += reader.take(b"".join(parts))
        return Said(reply.status, shapes.NOTHING, events)

    # ---- comparing -----------------------------------------------------------------------------------------------------------------------

    def _differences(self, exchange: Exchange, recorded: Said, ours: Said) -> Iterator[tuple[str, str, str]]:
        if recorded.status != ours.status:
            yield "status", "status", f"{recorded.status} was recorded, and here it is {ours.status}{_because(ours)}"
            self._forget(exchange)
            return
        if _form(recorded) != _form(ours):
            yield "$", "body", f"{_form(recorded)} was recorded, and here it is {_form(ours)}"
        elif recorded.events is not None:
            yield from self._of_streams(recorded.events, ours.events or [], exchange.cut)
        elif recorded.json is not shapes.NOTHING:
            schema = s.ERROR if recorded.status >= 400 else s.of_reply(_operation(exchange), ours.json)
            yield from shapes.compare(recorded.json, ours.json, schema, self._ids)

    def _of_streams(
        self, recorded: list[tuple[str | None, Any]], ours: list[tuple[str | None, Any]], cut: bool
    ) -> Iterator[tuple[str, str, str]]:
        theirs, own = _order(recorded), _order(ours)
        if cut:
            own = own[: len(theirs)]
        pairs = zip_longest(theirs, own, fillvalue=(len(recorded), "the end"))
        for (index, was), (_, here) in pairs:
            if was != here:
                yield f"events[{index}]", "order", f"{was} was recorded, and here it is {here} (repeats of an event counted once)"
                break
        by_name: dict[str | None, list[Any]] = {}
        for name, data in ours:
            by_name.setdefault(name, []).append(data)
        counts: dict[str | None, int] = {}
        for index, (name, data) in enumerate(recorded):
            alike = by_name.get(name)
            if alike is None:
                continue  # the order has said so
            count = counts[name] = counts.get(name, -1) + 1
            other = alike[min(count, len(alike) - 1)]
            yield from shapes.compare(data, other, s.of_event(name, other), self._ids, f"events[{index}].data")


def _recorded(exchange: Exchange) -> Said:
    events = None if exchange.events is None else [(event.name, event.data) for event in exchange.events]
    return Said(exchange.status, shapes.NOTHING if events is not None else _json(exchange.reply), events)


def _json(body: Any) -> Any:
    """What a kept body holds as JSON."""
    return body.json if body is not None and isinstance(body.json, dict | list) else shapes.NOTHING


def _form(said: Said) -> str:
    if said.events is not None:
        return "a stream of events"
    return "no JSON" if said.json is shapes.NOTHING else "JSON"


def _settled(said: Said) -> bool:
    return isinstance(said.json, dict) and said.json.get("status") not in (None, *_PENDING)


def _order(events: list[tuple[str | None, Any]]) -> list[tuple[int, str]]:
    """The names with their places, each once where it is repeated; data that has no name is named after itself if it is a word."""
    names = [name or (data if isinstance(data, str) else "message") for name, data in events]
    return [(index, name) for index, name in enumerate(names) if index == 0 or names[index - 1] != name]


def _operation(exchange: Exchange) -> str:
    return find_operation(exchange.method, f"/v1{exchange.path}")[0].name


def _because(ours: Said) -> str:
    """What an error of ours says."""
    error = ours.json.get("error") if isinstance(ours.json, dict) else None
    return f": {error['message']}" if isinstance(error, dict) and "message" in error else ""

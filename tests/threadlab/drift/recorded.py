"""Recordings of this service, made in this process: of everything that the conformance tests ask of it, and of streams."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import httpx2
import msgspec

from tests.threadlab.conformance import journeys, response_journeys
from tests.threadlab.engine.desk import WEATHER, Desk
from threadlab.recording.event_stream import Events, is_event_stream
from threadlab.recording.exchanges import FORMAT, Event, Exchange, Heading, content
from threadlab.service.transport import ServiceTransport

HEADING = Heading(FORMAT, "upstream", "http://threadlab.invalid/v1")


class RecordingDesk(Desk):
    """Keeps every exchange as a recording has it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.exchanges: list[Exchange] = []
        began = self.service.clock.now()
        desk = self

        class Keeping(ServiceTransport):
            def handle_request(self, request: httpx2.Request) -> httpx2.Response:
                at = self.clock.now() - began
                response = super().handle_request(request)
                body, type_ = response.read(), response.headers.get("content-type", "")
                desk.exchanges.append(_exchange(at, request, response.status_code, type_, body))
                return httpx2.Response(response.status_code, headers=response.headers, content=body, request=request)

        self.service.transport = transport = Keeping(self.service.engine, self.service.clock)
        self.client = self.service.client(max_retries=0)
        self.threads = self.client.beta.threads
        self.http = httpx2.Client(transport=transport, base_url="http://threadlab.invalid/v1")


def _exchange(at: float, request: httpx2.Request, status: int, type_: str, body: bytes) -> Exchange:
    events = [Event(0.0, name, data) for name, data in Events().take(body)] if is_event_stream(type_) else None
    return Exchange(
        at,
        request.method,
        request.url.path.removeprefix("/v1"),
        status,
        0.0,
        request.url.query.decode(),
        {name: value for name, value in request.headers.items() if name in ("content-type", "openai-beta")},
        content(request.content),
        {"content-type": type_},
        None if events is not None else content(body),
        events,
    )


def _streams(desk: Desk) -> None:
    """A stream of each kind: with words, with a call, and of a response."""
    body: dict[str, Any] = {"assistant_id": desk.assistant_id, "stream": True}
    thread = {"messages": [{"role": "user", "content": "What is the capital of France?"}]}
    desk.raw("POST", "/threads/runs", body | {"thread": thread}).read()
    asks = {"messages": [{"role": "user", "content": "What is the weather in Paris?"}]}
    desk.raw("POST", "/threads/runs", body | {"thread": asks, "tools": [WEATHER]}).read()
    desk.raw("POST", "/responses", {"model": "gpt-4o", "input": "What is the capital of Spain?", "stream": True}, beta=False).read()


def _refusals(desk: Desk) -> None:
    desk.raw("GET", "/threads/thread_0123456789abcdef01234567")
    desk.raw("POST", "/threads", {"messages": [{"role": "nobody", "content": "Hello"}]})
    desk.raw("GET", "/assistants", beta=False)


@functools.cache
def everything() -> tuple[Exchange, ...]:
    one = RecordingDesk()
    try:
        for journey in (*journeys.JOURNEYS, *response_journeys.JOURNEYS, _streams, _refusals):
            journey(one)
    finally:
        one.close()
    return tuple(one.exchanges)


def written(file: Path, exchanges: tuple[Exchange, ...] | list[Exchange]) -> Path:
    """A file with these exchanges."""
    file.write_bytes(b"".join(msgspec.json.encode(one) + b"\n" for one in (HEADING, *exchanges)))
    return file

"""A service to test with, and everything that it answered."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import httpx2

from threadlab.engine.assistants_api.threads import MOST_AT_CREATION
from threadlab.engine.routes import find_operation
from threadlab.service.in_process import Service
from threadlab.service.transport import ServiceTransport
from threadlab.wire.errors import ApiError

BETA = {"openai-beta": "assistants=v2"}


class Exchange(NamedTuple):
    operation: str
    status: int
    body: bytes
    headers: dict[str, str]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Recorder(ServiceTransport):
    """The in-process transport, keeping every reply that is not a stream."""

    def __init__(self, service: Service) -> None:
        super().__init__(service.engine, service.clock)
        self.exchanges: list[Exchange] = []

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        response = super().handle_request(request)
        if "event-stream" not in response.headers.get("content-type", ""):
            try:
                name = find_operation(request.method, request.url.path)[0].name
            except ApiError:
                name = ""
            self.exchanges.append(Exchange(name, response.status_code, response.read(), dict(response.headers)))
        return response


class Desk:
    """A service on virtual time with a client of the SDK; `raw` speaks HTTP beneath it."""

    def __init__(self, **options: Any) -> None:
        self.service = Service(**options)
        self.service.transport = self.recorder = Recorder(self.service)
        self.client = self.service.client(max_retries=0)
        self.threads = self.client.beta.threads
        self.http = httpx2.Client(transport=self.recorder, base_url="http://threadlab.invalid/v1")

    @property
    def assistant_id(self) -> str:
        if not hasattr(self, "_assistant_id"):
            self._assistant_id = self.client.beta.assistants.create(model="gpt-4o", instructions="Answer.").id
        return self._assistant_id

    def thread(self, *texts: str) -> str:
        """A thread with these user messages; its id."""
        messages = [{"role": "user", "content": text} for text in texts]
        thread = self.threads.create(messages=messages[:MOST_AT_CREATION])
        for message in messages[MOST_AT_CREATION:]:
            self.threads.messages.create(thread.id, role="user", content=message["content"])
        return thread.id

    def raw(
        self, method: str, path: str, body: Any = None, *, key: str | None = None, beta: bool = True, **options: Any
    ) -> httpx2.Response:
        headers = {"authorization": f"Bearer {key or self.service.key}", **(BETA if beta else {}), **options.pop("headers", {})}
        if body is not None:
            options["json"] = body
        return self.http.request(method, path, headers=headers, **options)

    def wait(self, seconds: float) -> None:
        self.service.clock.sleep(seconds)

    def run(self, thread_id: str, **options: Any) -> Any:
        return self.threads.runs.create(thread_id, assistant_id=options.pop("assistant_id", self.assistant_id), **options)

    def finished(self, thread_id: str, seconds: float = 10.0, **options: Any) -> Any:
        """A run, and what became of it after so many seconds."""
        run = self.run(thread_id, **options)
        self.wait(seconds)
        return self.threads.runs.retrieve(run.id, thread_id=thread_id)

    def texts(self, thread_id: str, **options: Any) -> list[str]:
        page = self.threads.messages.list(thread_id, order="asc", **options)
        return [block.text.value for message in page.data for block in message.content if block.type == "text"]

    def close(self) -> None:
        self.http.close()
        self.service.close()


@contextmanager
def desk(**options: Any) -> Iterator[Desk]:
    one = Desk(**options)
    try:
        yield one
    finally:
        one.close()


WEATHER: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather in a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


def events_of(body: bytes) -> list[tuple[str, Any]]:
    """Server-sent events: name and data, in order. `[DONE]` stays a string."""
    found = []
    for block in body.decode().strip().split("\n\n"):
        name, data = (line.partition(": ")[2] for line in block.split("\n"))
        found.append((name, data if data == "[DONE]" else json.loads(data)))
    return found

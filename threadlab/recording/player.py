"""A recording in place of the endpoint: a transport of the HTTP library that answers from a file.

A request is found by its content: method, path, query and body. One that was recorded several times (a poll, say) is answered in the order
of the recording, and after that with the last answer again; one that was never recorded is answered with a 404 that says so.
"""

import json
import re
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from urllib.parse import urlsplit

import httpx2

from threadlab.recording import exchanges
from threadlab.recording.event_stream import encoded
from threadlab.recording.exchanges import Exchange, Recording
from threadlab.recording.recorder import Washer

NOT_RECORDED = "not_recorded"
"""The code of the error that answers a request which the recording does not hold."""
_BOUNDARY = re.compile(r"multipart/form-data;.*boundary=\"?([^\";]+)", re.IGNORECASE)
_CALL_ID = re.compile(r"\bcall_\w{8,}")

Sleep = Callable[[float], Awaitable[object]]


class ReplayTransport(httpx2.AsyncBaseTransport):
    """Answers from `recording`, in its own time: `sleep` waits so many of its seconds."""

    def __init__(self, recording: Recording, sleep: Sleep) -> None:
        self._recording, self._sleep = recording, sleep
        self._base = urlsplit(recording.heading.url).path.rstrip("/")
        self._washer = Washer()
        self._answers: dict[tuple[str, ...], list[Exchange]] = defaultdict(list)
        self._given: dict[tuple[str, ...], int] = defaultdict(int)
        for _, one in recording.lines:
            body = one.body.encoded() if one.body else b""
            self._answers[self._key(one.method, one.path, one.query, one.headers.get("content-type", ""), body)].append(one)

    def _key(self, method: str, path: str, query: str, content_type: str, body: bytes) -> tuple[str, ...]:
        boundary = _BOUNDARY.match(content_type)
        if boundary:  # the client makes up another one each time
            body = body.replace(boundary[1].encode(), b"boundary")
        content = exchanges.content(self._washer.body(body))
        text = "" if content is None else content.text or content.base64 or json.dumps(content.json, sort_keys=True)
        if self._recording.heading.of == "responder":
            text = _numbered(text)
        return method, self._washer.text(path), str(exchanges.query_of(self._washer.query(query))), text

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        body = await request.aread()
        path, query = request.url.path.removeprefix(self._base), request.url.query.decode("ascii", "replace")
        key = self._key(request.method, path, query, request.headers.get("content-type", ""), body)
        answers = self._answers.get(key)
        if answers is None:
            return self._unknown(request.method, path)
        one = answers[min(self._given[key], len(answers) - 1)]
        self._given[key] += 1
        await self._sleep(one.took)
        return httpx2.Response(one.status, headers=one.reply_headers, stream=_Played(one, self._sleep))

    def _unknown(self, method: str, path: str) -> httpx2.Response:
        there = any(key[:2] == (method, path) for key in self._answers)
        why = "with another body or query" if there else "not at all"
        message = f"The recording {self._recording.file.name} does not hold this request ({method} {path}): it was recorded {why}."
        error = {"message": message, "type": "invalid_request_error", "param": None, "code": NOT_RECORDED}
        return httpx2.Response(404, json={"error": error})


def _numbered(text: str) -> str:
    """The ids of tool calls by their order: this service makes up others each time it runs."""
    numbers: dict[str, str] = {}
    return _CALL_ID.sub(lambda found: numbers.setdefault(found[0], f"call {len(numbers)}"), text)


class _Played(httpx2.AsyncByteStream):
    def __init__(self, exchange: Exchange, sleep: Sleep) -> None:
        self._exchange, self._sleep = exchange, sleep

    async def __aiter__(self) -> AsyncIterator[bytes]:
        one = self._exchange
        if one.events is None:
            yield one.reply.encoded() if one.reply else b""
        now = one.took
        for event in one.events or ():
            if event.at > now:
                await self._sleep(event.at - now)
                now = event.at
            yield encoded(event.name, event.data)
        if one.cut:
            raise httpx2.ReadError("the connection broke here when this was recorded")

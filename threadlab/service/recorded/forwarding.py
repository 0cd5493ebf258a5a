"""Requests that go on to an endpoint, or to the recording of one, and replies that come back as they are: `serve --upstream`, `--replay`.

Clients have the key of this service. The endpoint's own key is put in its place here, so that no client needs to know it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import aclosing
from urllib.parse import urlsplit

import httpx2

from threadlab.engine.assistants_api.stream import StreamCut
from threadlab.recording.event_stream import is_event_stream
from threadlab.wire.errors import ApiError
from threadlab.wire.exchange import Reply, Request

PATIENCE = 600.0
"""Seconds without a byte after which the endpoint is given up: the SDK's own."""
_PREFIX = "/v1"
_NOT_PASSED_ON = frozenset({"host", "authorization", "api-key", "content-length", "transfer-encoding", "connection", "accept-encoding"})
_NOT_PASSED_BACK = frozenset({"content-length", "content-encoding", "transfer-encoding", "connection", "keep-alive", "set-cookie"})
_NEVER = 4e9
"""A moment, in seconds since 1970, that nobody waits for: what wakes the reader of a stream is its next part."""


class Forwarder:
    """Sends each request on over `transport`, to the same path under `url`."""

    def __init__(self, url: str, key: str, transport: httpx2.AsyncBaseTransport) -> None:
        self._host = urlsplit(url).netloc
        self._url, self._headers = url.rstrip("/"), {"authorization": f"Bearer {key}"} if key else {}
        timeout = httpx2.Timeout(PATIENCE, connect=10.0)
        self._client = httpx2.AsyncClient(transport=transport, timeout=timeout, trust_env=False)

    async def __call__(self, request: Request) -> Reply:
        """The endpoint's reply. Raises ApiError when there is none."""
        if not request.path.startswith(f"{_PREFIX}/"):
            raise ApiError(404, f"Nothing but paths under {_PREFIX} is passed on to the endpoint.", code="unknown_url")
        target = httpx2.URL(self._url + request.path.removeprefix(_PREFIX)).copy_with(query=request.query.encode() or None)
        headers = {name: value for name, value in request.headers.items() if name not in _NOT_PASSED_ON} | self._headers
        forwarded = self._client.build_request(request.method, target, headers=headers, content=request.body)
        try:
            response = await self._client.send(forwarded, stream=True)
            if not is_event_stream(response.headers.get("content-type", "")):
                async with aclosing(response):
                    return Reply(response.status_code, await response.aread(), _passed_back(response.headers))
        except httpx2.TimeoutException as error:
            raise ApiError(504, f"The endpoint at {self._host} did not answer in time.", type="server_error") from error
        except httpx2.HTTPError as error:
            message = f"The connection to the endpoint at {self._host} could not be made, or broke."
            raise ApiError(502, message, type="server_error") from error
        return Reply(response.status_code, headers=_passed_back(response.headers), stream=_Passing(response))


def _passed_back(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name not in _NOT_PASSED_BACK}


class _Passing:
    """A stream that is passed on as it comes: see `threadlab.wire.exchange.Stream`."""

    def __init__(self, response: httpx2.Response) -> None:
        self.wake: Callable[[], None] = lambda: None
        self._response = response
        self._parts: list[bytes] = []
        self._ended = self._broke = False
        self._reading = asyncio.ensure_future(self._read_all(response.aiter_bytes()))

    async def _read_all(self, parts: AsyncIterator[bytes]) -> None:
        try:
            async for part in parts:
                self._parts.append(part)
                self.wake()
        except httpx2.HTTPError:
            self._broke = True
        finally:
            self._ended = True
            await self._response.aclose()
            self.wake()

    @property
    def next_at(self) -> float | None:
        if self._parts or self._broke:
            return 0.0
        return None if self._ended else _NEVER

    def read(self, now: float) -> list[bytes]:
        parts, self._parts = self._parts, []
        if self._ended and self._broke:
            self._broke = False
            raise StreamCut(parts)
        return parts

    def close(self) -> None:
        """The client has left, or has all of it."""
        self._reading.cancel()

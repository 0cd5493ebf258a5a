"""Clients of httpx, the library that httpx2 came from, on a way that is made for httpx2: many programs still have them.

Imported only where httpx has been imported already.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import httpx2

_real: dict[str, Any] = {}


@contextmanager
def _reworded() -> Iterator[None]:
    """What httpx2 raises, as the exception of the same name that httpx has."""
    try:
        yield
    except httpx2.TransportError as error:
        raise getattr(httpx, type(error).__name__, httpx.TransportError)(str(error)) from error


class _Stream(httpx.SyncByteStream, httpx.AsyncByteStream):
    def __init__(self, response: httpx2.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        with _reworded():
            yield from self._response.iter_raw()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _reworded():
            async for part in self._response.aiter_raw():
                yield part

    def close(self) -> None:
        self._response.close()

    async def aclose(self) -> None:
        await self._response.aclose()


def _newer(request: httpx.Request, content: bytes) -> httpx2.Request:
    headers, extensions = list(request.headers.multi_items()), dict(request.extensions)
    return httpx2.Request(request.method, str(request.url), headers=headers, content=content, extensions=extensions)


def _older(response: httpx2.Response) -> httpx.Response:
    stream = httpx.ByteStream(response.content) if response.is_stream_consumed else _Stream(response)
    return httpx.Response(response.status_code, headers=list(response.headers.multi_items()), stream=stream)


def install(way_of: Callable[[Any], Any]) -> None:
    """Let requests of every httpx client go where `way_of` says; None: to the network. Harmless to call again."""
    if _real:
        return
    _real["sync"], _real["async"] = httpx.HTTPTransport.handle_request, httpx.AsyncHTTPTransport.handle_async_request

    def handle_request(self: Any, request: httpx.Request) -> Any:
        way = way_of(request)
        if way is None:
            return _real["sync"](self, request)
        with _reworded():
            return _older(way.handle_request(_newer(request, request.read())))

    async def handle_async_request(self: Any, request: httpx.Request) -> Any:
        way = way_of(request)
        if way is None:
            return await _real["async"](self, request)
        with _reworded():
            return _older(await way.handle_async_request(_newer(request, await request.aread())))

    httpx.HTTPTransport.handle_request = handle_request  # type: ignore[method-assign]
    httpx.AsyncHTTPTransport.handle_async_request = handle_async_request  # type: ignore[method-assign]

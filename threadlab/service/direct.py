"""HTTP clients for a link without a network: what stands between the SDK and a transport of ours, and no more than that.

Such a link has no redirects, proxies, cookies, authentication flows or compressed bodies. A request goes straight to the transport, an
address that was read once is not read again, and a reply whose body is there is a response at once. Everything goes through what the SDK
and httpx2 offer for it (`http_client=`, `base_url=`, `build_request`, `send`); a client that was given hooks, cookies or parameters of its
own does as its base class does.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import lru_cache
from typing import Any

import httpx2

_NO_TIME = timedelta(0)
_OWN_HEADERS = frozenset({"host", "content-length", "transfer-encoding"})
"""What is written into a request here, unless the caller has."""


@lru_cache(maxsize=1024)
def _address(text: str, params: str | None = None) -> httpx2.URL:
    """An address that is absolute. Polls ask at the same one again and again."""
    return httpx2.URL(text) if params is None else httpx2.URL(text, params=params)


class DirectAddress(httpx2.URL):
    """The address of a service, for `base_url=`: the addresses under it are read once each."""

    def __init__(self, address: str) -> None:
        super().__init__(address if address.endswith("/") else f"{address}/")
        self._origin = str(self.copy_with(path="/", query=None)).removesuffix("/")

    def copy_with(self, **changed: Any) -> httpx2.URL:
        if changed.keys() == {"raw_path"}:
            return _address(self._origin + changed["raw_path"].decode("ascii"))
        return super().copy_with(**changed)


class WholeResponse(httpx2.Response):
    """A response whose body is there already: nothing is decoded or put together."""

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes, request: httpx2.Request) -> None:
        super().__init__(status, headers={"content-length": str(len(body)), **headers}, stream=httpx2.ByteStream(body), request=request)
        self._content = body  # as the base class does when it has read its stream
        self.is_closed = self.is_stream_consumed = True


class _Direct:
    """What both clients share. Stands before their base class in the order of resolution."""

    def build_request(
        self,
        method: str,
        url: Any,
        *,
        content: Any = None,
        params: Any = None,
        headers: Any = None,
        timeout: Any = httpx2.USE_CLIENT_DEFAULT,
        **others: Any,
    ) -> httpx2.Request:
        client: Any = self
        special = any(others.values()) or client.params or client.cookies or not isinstance(params, str | None)
        plain = not special and isinstance(content, bytes | None) and isinstance(url, str) and _are_plain(headers)
        address = _address(url, params) if plain else None
        if address is None or not address.is_absolute_url:
            return super().build_request(  # type: ignore[misc, no-any-return]
                method, url, content=content, params=params, headers=headers, timeout=timeout, **others
            )
        method = method.upper()
        sent = [("Host", address.netloc.decode("ascii")), *headers]
        if content or method in _WITH_A_BODY:
            sent.append(("Content-Length", str(len(content or b""))))
        timeouts = client.timeout if timeout is httpx2.USE_CLIENT_DEFAULT else httpx2.Timeout(timeout)
        extensions = {"timeout": timeouts.as_dict()}
        request = httpx2.Request(method, address, headers=sent, stream=httpx2.ByteStream(content or b""), extensions=extensions)
        request.read()
        return request

    def _plain(self, options: dict[str, Any]) -> bool:
        client: Any = self
        return not (client.is_closed or options.get("auth") or any(client.event_hooks.values()))


_WITH_A_BODY = frozenset({"POST", "PUT", "PATCH", "QUERY"})


def _are_plain(headers: Any) -> bool:
    """Whether these are pairs of texts, as the SDK gives them, without one that httpx2 would have to look at."""
    return isinstance(headers, list) and not any(name.lower() in _OWN_HEADERS for name, _ in headers)


class DirectClient(_Direct, httpx2.Client):
    """An `httpx2.Client` on one transport, without the stations that lead nowhere here."""

    def send(self, request: httpx2.Request, *, stream: bool = False, **options: Any) -> httpx2.Response:
        if not self._plain(options):
            return super().send(request, stream=stream, **options)
        response = _completed(self._transport.handle_request(request), request)
        if not stream:
            response.read()
        return response


class DirectAsyncClient(_Direct, httpx2.AsyncClient):
    """The same for `httpx2.AsyncClient`."""

    async def send(self, request: httpx2.Request, *, stream: bool = False, **options: Any) -> httpx2.Response:
        if not self._plain(options):
            return await super().send(request, stream=stream, **options)
        response = _completed(await self._transport.handle_async_request(request), request)
        if not stream:
            await response.aread()
        return response


def _completed(response: httpx2.Response, request: httpx2.Request) -> httpx2.Response:
    response.request = request
    response.elapsed = _NO_TIME
    return response

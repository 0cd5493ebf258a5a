"""HTTP clients for a service in the same process: what the SDK is given as its `http_client`.

A link without a network has no redirects, proxies, cookies or authentication flows, so a request goes straight to the transport. A client
that was given hooks, cookies or parameters of its own does as its base class does.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx2

_NO_TIME = timedelta(0)


class _Direct:
    """What both clients share. Stands before their base class in the order of resolution."""

    def build_request(self, method: str, url: Any, *, params: Any = None, headers: Any = None, **options: Any) -> httpx2.Request:
        client: Any = self
        address = url if isinstance(url, httpx2.URL) else httpx2.URL(url)
        if not address.is_absolute_url or options.pop("cookies", None) or client.params or client.cookies:
            return super().build_request(method, url, params=params, headers=headers, **options)  # type: ignore[misc, no-any-return]
        timeout = options.pop("timeout", httpx2.USE_CLIENT_DEFAULT)
        chosen = client.timeout if timeout is httpx2.USE_CLIENT_DEFAULT else httpx2.Timeout(timeout)
        extensions = {**(options.pop("extensions", None) or {}), "timeout": chosen.as_dict()}
        return httpx2.Request(
            method, address.copy_merge_params(params) if params else address, headers=headers, extensions=extensions, **options
        )

    def _plain(self, options: dict[str, Any]) -> bool:
        client: Any = self
        return not (options.get("auth") or any(client.event_hooks.values()))


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

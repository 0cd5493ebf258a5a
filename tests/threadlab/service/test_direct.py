"""What the direct clients send and give back is what a stock client of httpx2 sends and gives back."""

from __future__ import annotations

from typing import Any

import httpx2
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st

from threadlab import Service
from threadlab.service.direct import DirectAddress, DirectClient, WholeResponse

BASE = "http://threadlab.invalid/v1"
NAMES = st.sampled_from(["Accept", "X-Thing", "OpenAI-Beta", "authorization", "Host", "Content-Length", "Transfer-Encoding"])
VALUES = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12).map(str.strip)
PATHS = st.text("abz09_-. %äß/?&=#", max_size=20)


@given(
    method=st.sampled_from(["get", "POST", "delete", "put"]),
    path=PATHS,
    headers=st.lists(st.tuples(NAMES, VALUES), max_size=4, unique_by=lambda pair: pair[0]),
    content=st.none() | st.binary(max_size=20),
    params=st.none() | st.sampled_from(["limit=2&order=asc", "include%5B%5D=a b", "after="]),
)
def test_request_is_what_a_stock_client_builds(
    method: str, path: str, headers: list[tuple[str, str]], content: bytes | None, params: str | None
) -> None:
    options: dict[str, Any] = {"headers": headers, "content": content, "params": params, "timeout": 7.0}
    with httpx2.Client() as stock, DirectClient(transport=httpx2.MockTransport(lambda request: httpx2.Response(200))) as direct:
        expected = stock.build_request(method, f"{BASE}/{path}", **options)
        found = direct.build_request(method, f"{BASE}/{path}", **options)
    defaults = {"accept-encoding", "connection", "user-agent", "accept"} - {name.lower() for name, _ in headers}  # the SDK sets its own

    def sent(request: httpx2.Request) -> list[tuple[str, str]]:
        return sorted(pair for pair in request.headers.multi_items() if pair[0] not in defaults)

    assert (found.method, str(found.url), found.content) == (expected.method, str(expected.url), expected.content)
    assert found.extensions == expected.extensions
    assert sent(found) == sent(expected)


@pytest.mark.parametrize(
    "options",
    [{"json": {"a": 1}}, {"data": {"a": "1"}}, {"files": {"file": ("a.txt", b"x")}}, {"cookies": {"a": "b"}}, {"content": "text"}],
)
def test_unusual_request_is_left_to_the_stock_client(options: dict[str, Any]) -> None:
    with DirectClient(transport=httpx2.MockTransport(lambda request: httpx2.Response(200))) as direct, httpx2.Client() as stock:
        found = direct.build_request("POST", BASE, headers=[("content-type", "multipart/form-data; boundary=x")], **options)
        expected = stock.build_request("POST", BASE, headers=[("content-type", "multipart/form-data; boundary=x")], **options)
    assert found.read() == expected.read()
    assert found.headers.get("cookie") == expected.headers.get("cookie")


@given(PATHS)
def test_address_under_a_base_is_what_httpx2_makes_of_it(path: str) -> None:
    raw = httpx2.URL(f"{BASE}/{path}").raw_path
    assert DirectAddress(BASE).copy_with(raw_path=raw) == httpx2.URL(f"{BASE}/").copy_with(raw_path=raw)


def test_base_address_is_shown_as_the_sdk_shows_it() -> None:
    with Service() as service:
        client = service.client()
        assert str(client.base_url) == str(openai.OpenAI(api_key="x", base_url=BASE).base_url)
        assert str(client.with_options(timeout=3).base_url) == str(client.base_url)


def test_whole_response_is_read_and_closed() -> None:
    request = httpx2.Request("GET", BASE)
    response = WholeResponse(200, {"content-type": "application/json"}, b'{"a":1}', request)
    assert response.read() == response.content == b"".join(response.iter_bytes()) == b'{"a":1}'
    assert (response.json(), response.text, response.is_closed) == ({"a": 1}, '{"a":1}', True)
    assert response.headers["content-length"] == "7"
    with pytest.raises(httpx2.StreamConsumed):
        list(response.iter_raw())

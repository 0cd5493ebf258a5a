"""The HTTP side of the service."""

import asyncio
import http.client
import json
import socket
from collections.abc import Callable
from contextlib import suppress

import pytest

from threadlab.service import listen
from threadlab.virtual_time.clock import ScaledClock
from threadlab.wire.exchange import Lost, Reply

from .conftest import KEY, Running, eventually

Serve = Callable[..., Running]
AUTH = {"Authorization": f"Bearer {KEY}"}


def connect(server: Running) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)


def ask(server: Running, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
    connection = connect(server)
    try:
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def raw(server: Running, text: bytes) -> bytes:
    """Send these bytes and read until the server closes, or breaks the connection."""
    parts = []
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection, suppress(ConnectionError):
        connection.sendall(text)
        while part := connection.recv(65536):
            parts.append(part)
    return b"".join(parts)


def test_request_reaches_the_engine_unchanged(serve: Serve) -> None:
    server = serve()
    assert ask(server, "POST", "/v1/threads/a%20b?limit=2&order=asc", b'{"x":1}', **{"X-Thing": "Ärger"}) == (200, b'{"ok":true}')
    request = server.engine.asked[0]
    assert (request.method, request.path, request.query, request.body) == ("POST", "/v1/threads/a b", "limit=2&order=asc", b'{"x":1}')
    assert request.headers["x-thing"] == "Ärger"


def test_connection_stays_open_between_requests(serve: Serve) -> None:
    server = serve()
    connection = connect(server)
    connection.request("GET", "/v1/one")
    connection.getresponse().read()
    port = connection.sock.getsockname()[1]
    connection.request("GET", "/v1/two")
    connection.getresponse().read()
    assert connection.sock.getsockname()[1] == port
    connection.close()


@pytest.mark.parametrize("how", ["unreachable", "reset"])
def test_lost_reply_closes_the_connection(serve: Serve, how: str) -> None:
    server = serve()
    server.engine.answers["/v1/lost"] = Lost(how)  # type: ignore[arg-type]
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        ask(server, "POST", "/v1/lost", b"{}")
    assert ask(server, "GET", "/v1/next")[0] == 200
    eventually(lambda: [line.status for line in server.lines] == [None, 200], "both requests to be reported, the first without a status")


def test_silent_connection_ends_when_the_client_gives_up(serve: Serve) -> None:
    server = serve()
    server.engine.answers["/v1/silent"] = Lost("silence")
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=0.2)
    connection.request("GET", "/v1/silent")
    with pytest.raises(TimeoutError):
        connection.getresponse()
    assert server.app.in_flight == 1
    connection.close()
    eventually(lambda: server.app.in_flight == 0, "the server to let go of a client that is gone")


def test_silent_connection_lets_the_server_end(serve: Serve) -> None:
    server = serve()
    server.engine.answers["/v1/silent"] = Lost("silence")
    connection = connect(server)
    connection.request("GET", "/v1/silent")
    eventually(lambda: server.app.in_flight == 1, "the request to arrive")
    assert server.stop()
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        connection.getresponse()
    connection.close()


def test_held_reply_waits_on_the_services_clock(serve: Serve) -> None:
    server = serve(clock=ScaledClock(10_000))
    server.engine.answers["/v1/held"] = Reply(200, b"late", hold=3600.0)
    assert ask(server, "GET", "/v1/held") == (200, b"late")


def test_reply_is_sent_without_waiting_for_the_client() -> None:
    """A reply is written in two parts. With Nagle's algorithm the second one waits until the first is acknowledged: 40 ms a request."""

    async def main() -> int:
        loop = asyncio.get_running_loop()
        accepted: asyncio.Future[int] = loop.create_future()

        class Connection(asyncio.Protocol):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                accepted.set_result(transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
                transport.close()

        listener = listen.open_socket(0)
        async with await loop.create_server(Connection, sock=listener):
            _, writer = await asyncio.open_connection(*listener.getsockname())
            writer.close()
            return await accepted

    assert asyncio.run(main()) != 0


class Events:
    """A stream of two pieces, the second due so much later."""

    def __init__(self, clock: ScaledClock, gap: float) -> None:
        self._due = [(clock.now(), b"data: one\n\n"), (clock.now() + gap, b"data: two\n\n")]

    @property
    def next_at(self) -> float | None:
        return self._due[0][0] if self._due else None

    def read(self, now: float) -> list[bytes]:
        ready = []
        while self._due and self._due[0][0] <= now:
            ready.append(self._due.pop(0)[1])
        return ready


def test_stream_is_sent_event_by_event(serve: Serve) -> None:
    clock = ScaledClock()
    server = serve(clock=clock)
    server.engine.answers["/v1/stream"] = Reply(200, stream=Events(clock, gap=1e6))
    connection = connect(server)
    connection.request("GET", "/v1/stream")
    response = connection.getresponse()
    assert response.read1() == b"data: one\n\n"
    response.close()
    connection.close()
    eventually(lambda: server.app.in_flight == 0, "the server to notice that the reader left")


def test_stream_is_sent_to_its_end(serve: Serve) -> None:
    clock = ScaledClock(10_000)
    server = serve(clock=clock)
    server.engine.answers["/v1/stream"] = Reply(200, stream=Events(clock, gap=600.0))
    assert ask(server, "GET", "/v1/stream") == (200, b"data: one\n\ndata: two\n\n")


def test_huge_body_is_refused(serve: Serve) -> None:
    server = serve(body_limit=1000)
    status, body = ask(server, "POST", "/v1/threads", b"x" * 5_000_000)
    error = json.loads(body)["error"]
    assert (status, error["code"]) == (413, "request_too_large")
    assert "1,000 bytes" in error["message"]
    assert server.engine.asked == []


def test_body_of_exactly_the_limit_is_accepted(serve: Serve) -> None:
    server = serve(body_limit=1000)
    assert ask(server, "POST", "/v1/threads", b"x" * 1000)[0] == 200
    assert ask(server, "POST", "/v1/threads", b"x" * 1001)[0] == 413


def test_server_survives_malformed_http(serve: Serve) -> None:
    server = serve()
    assert raw(server, b"NONSENSE\r\n\r\n").startswith(b"HTTP/1.1 400")
    assert raw(server, b"GET /v1/x HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: banana\r\n\r\n").startswith(b"HTTP/1.1 400")
    assert b"200" not in raw(server, b"GET /v1/x HTTP/1.1\r\nX: " + b"a" * 200_000 + b"\r\n\r\n")
    assert ask(server, "GET", "/v1/next")[0] == 200


def test_head_is_answered_without_a_body(serve: Serve) -> None:
    server = serve()
    answer = raw(server, b"HEAD /v1/x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.endswith(b"\r\n\r\n")


def test_options_is_answered_by_the_engine(serve: Serve) -> None:
    server = serve()
    ask(server, "OPTIONS", "/v1/x")
    assert server.engine.asked[0].method == "OPTIONS"


def test_server_survives_a_mistake_in_the_engine(serve: Serve, capsys: pytest.CaptureFixture[str]) -> None:
    server = serve()
    server.engine.answers["/v1/bug"] = RuntimeError("a mistake of ours")
    status, body = ask(server, "GET", "/v1/bug")
    assert (status, json.loads(body)["error"]["type"]) == (500, "server_error")
    assert ask(server, "GET", "/v1/next")[0] == 200
    assert "a mistake of ours" in capsys.readouterr().err


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "evil.example:8650", "127.0.0.1, evil.example", "0.0.0.0", ""])
def test_foreign_host_header_is_refused(serve: Serve, host: str) -> None:
    server = serve()
    for path in ("/", "/threadlab/health", "/v1/threads"):
        status, body = ask(server, "GET", path, Host=host, **AUTH)
        assert (status, json.loads(body)["error"]["code"]) == (421, "wrong_host")
    assert server.engine.asked == []


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8650", "127.0.0.1:1"])
def test_local_host_header_is_accepted(serve: Serve, host: str) -> None:
    assert ask(serve(), "GET", "/v1/threads", Host=host)[0] == 200


@pytest.mark.parametrize(("method", "path"), [("GET", "/threadlab/health"), ("POST", "/threadlab/stop")])
@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer sk-wrong"}, {"Authorization": KEY}, {"Authorization": "Bearer ключ"}])
def test_private_route_needs_the_key(serve: Serve, method: str, path: str, headers: dict[str, str]) -> None:
    server = serve()
    connection = connect(server)
    connection.putrequest(method, path)
    for name, value in headers.items():
        connection.putheader(name, value.encode())
    connection.endheaders()
    assert connection.getresponse().status == 401
    connection.close()
    assert ask(server, "GET", "/v1/next")[0] == 200


def test_health_says_what_is_running(serve: Serve) -> None:
    server = serve()
    status, body = ask(server, "GET", "/threadlab/health", **AUTH)
    assert status == 200
    assert sorted(json.loads(body)) == ["name", "pid", "replies", "started", "store", "version"]


def test_stop_route_is_answered(serve: Serve) -> None:
    server = serve()
    assert ask(server, "POST", "/threadlab/stop", **AUTH)[0] == 202
    server._thread.join(timeout=20)
    assert not server._thread.is_alive()


def test_key_is_not_in_a_request_line(serve: Serve) -> None:
    server = serve()
    ask(server, "GET", f"/v1/threads/{KEY}?key={KEY}", **AUTH)
    ask(server, "GET", "/v1/%1b[31mred%0a", **AUTH)
    eventually(lambda: len(server.lines) == 2, "the requests to be reported")
    assert KEY not in repr(server.lines)
    assert server.lines[1].path == "/v1/%1b[31mred%0a"
    assert KEY not in ask(server, "GET", "/")[1].decode()


def test_status_page_escapes_what_a_request_contains(serve: Serve) -> None:
    server = serve()
    raw(server, b"GET /v1/<script>alert(1)</script> HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    status, page = ask(server, "GET", "/")
    assert status == 200
    assert b"<script>" not in page
    assert b"&lt;script&gt;" in page


def test_status_page_does_not_count_as_a_request(serve: Serve) -> None:
    server = serve()
    server.app.last_active = -1e9
    ask(server, "GET", "/")
    eventually(lambda: server.app.idle_seconds() > 1e9, "a server at which nobody but the status page looked to be idle")
    ask(server, "GET", "/v1/threads")
    assert server.app.idle_seconds() < 1e9


@pytest.mark.parametrize("headers", [{"Host": "evil.example", "Authorization": f"Bearer {KEY}"}, {"Authorization": "Bearer sk-other"}, {}])
def test_body_of_a_stranger_is_not_kept(serve: Serve, headers: dict[str, str]) -> None:
    server = serve(body_limit=10_000_000, keys=[KEY])
    body = b"x" * 5_000_000
    status, _ = ask(server, "POST", "/v1/threads", body, **headers)
    assert status in (200, 421)  # what the stub engine answers, and what the server itself answers to another computer's name
    assert all(len(request.body) < 200_000 for request in server.engine.asked)


def test_body_that_comes_with_a_key_is_kept(serve: Serve) -> None:
    server = serve(body_limit=10_000_000, keys=[KEY])
    ask(server, "POST", "/v1/threads", b"x" * 5_000_000, **AUTH)
    assert len(server.engine.asked[0].body) == 5_000_000


@pytest.mark.parametrize(
    "sent",
    [b"", b"POST /v1/threads HTTP/1.1\r\nHost: 127.0.0.1\r\n", b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nhalf"],
)
def test_connection_that_does_not_go_on_is_closed(serve: Serve, monkeypatch: pytest.MonkeyPatch, sent: bytes) -> None:
    monkeypatch.setattr(listen, "HEADER_SECONDS", 0.2)
    monkeypatch.setattr(listen, "BODY_PAUSE_SECONDS", 0.2)
    server = serve()
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        connection.sendall(sent)
        assert closed(connection)


def test_slow_head_is_not_put_off_by_another_byte(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listen, "HEADER_SECONDS", 0.3)
    server = serve()
    with socket.create_connection(("127.0.0.1", server.port), timeout=0.05) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nX-Slow: ")

        def trickled_out() -> bool:
            try:
                connection.sendall(b"a")
                return connection.recv(1) == b""
            except TimeoutError:
                return False
            except OSError:
                return True

        eventually(trickled_out, "a head that grows by a byte at a time is given up")


def test_silent_connections_make_room(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listen, "MOST_CONNECTIONS", 5)
    server = serve()
    silent = [socket.create_connection(("127.0.0.1", server.port), timeout=20) for _ in range(12)]
    try:
        status, _ = ask(server, "GET", "/v1/models")
        assert status == 200
        assert closed(silent[0])
    finally:
        for connection in silent:
            connection.close()


def closed(connection: socket.socket) -> bool:
    """Whether the server ends the connection without a word."""
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True

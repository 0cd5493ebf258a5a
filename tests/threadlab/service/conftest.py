"""A folder of its own for every test's server, and a server in a thread around an engine made for the test."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from threadlab.errors import ThreadlabError
from threadlab.service import listen
from threadlab.service import local_server as local
from threadlab.service.asgi import App, ServerInfo
from threadlab.service.data_folder import Home, ServerRecord
from threadlab.service.log_line import RequestLine
from threadlab.virtual_time.clock import ScaledClock
from threadlab.wire.exchange import Outcome, Reply, Request

KEY = "sk-threadlab-0123456789abcdef"


def eventually(fact: Callable[[], object], what: str, limit: float = 20.0) -> None:
    """Wait until `fact()` holds; the limit is only there so that a mistake ends the test."""
    end = time.monotonic() + limit
    while not fact():
        if time.monotonic() > end:
            pytest.fail(f"waited {limit} s in vain: {what}")
        time.sleep(0.01)


class StubEngine:
    """Answers with what the test has put in, and remembers what it was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, Outcome | Exception] = {}
        self.asked: list[Request] = []

    def handle(self, request: Request, now: float) -> Outcome:
        self.asked.append(request)
        answer = self.answers.get(request.path, Reply(200, b'{"ok":true}', {"content-type": "application/json"}))
        if isinstance(answer, Exception):
            raise answer
        return answer


class Running:
    """A server in a thread of the test's process."""

    def __init__(self, engine: StubEngine, clock: ScaledClock, body_limit: int, keys: Sequence[str] | None) -> None:
        self.engine, self.lines = engine, list[RequestLine]()
        info = ServerInfo("threadlab", "1.2.3", os.getpid(), 1.0, "memory")
        self.app = App(engine, clock, key=KEY, info=info, keys=keys, on_request=self.lines.append, body_limit=body_limit)
        listener = listen.open_socket(0)
        self.port: int = listener.getsockname()[1]
        self._thread = threading.Thread(target=listen.run, args=(self.app, listener), daemon=True)
        self._thread.start()

    def stop(self) -> bool:
        """End it as the stop route does. False if it would not end."""
        self.app.on_stop()
        self._thread.join(timeout=20)
        return not self._thread.is_alive()


@pytest.fixture
def serve() -> Iterator[Callable[..., Running]]:
    servers: list[Running] = []

    def start(*, clock: ScaledClock | None = None, body_limit: int = 1_000_000, keys: Sequence[str] | None = None) -> Running:
        servers.append(Running(StubEngine(), clock or ScaledClock(), body_limit, keys))
        return servers[-1]

    yield start
    ended = [server.stop() for server in servers]
    assert all(ended)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    monkeypatch.setenv("THREADLAB_HOME", str(tmp_path / "home"))
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "THREADLAB_RESPONDER", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    yield Home()
    local.stop_server()
    for process in local._started:
        process.wait(timeout=20)
    local._started.clear()


@pytest.fixture
def own_port(home: Home) -> int:
    """A port that the servers of this home take, and those of no test that runs at the same time."""
    for port in range(10_000 + os.getpid() % 20_000, 32_000):
        with suppress(ThreadlabError), listen.open_socket(port):
            home.ready().write_record(ServerRecord(pid=0, port=port, version="", started=0.0, fingerprint=""))
            return port
    raise AssertionError("no port is free")


def python(code: str) -> "subprocess.Popen[str]":
    """Another Python, as a second kernel would be, in a session of its own."""
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, start_new_session=True)

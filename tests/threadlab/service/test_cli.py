"""`python -m threadlab`, with real processes."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from threadlab.service import local_server as local
from threadlab.service.data_folder import Home
from threadlab.service.local_server import ensure_server

from .conftest import eventually

posix = pytest.mark.skipif(os.name != "posix", reason="needs the signals of a POSIX system")


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "threadlab", *arguments]


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command(*arguments), capture_output=True, text=True, timeout=60)


def refused(code: int, *arguments: str) -> str:
    """The one sentence with which it refuses."""
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr.startswith("threadlab: ")
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr
    return done.stderr


@contextmanager
def serving(*arguments: str) -> Iterator[tuple["subprocess.Popen[str]", int]]:
    """`serve` in the foreground, and its port."""
    process = subprocess.Popen(command("serve", "--port", "0", *arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        greeting = process.stderr if "--json-log" in arguments else process.stdout
        assert greeting
        found = re.search(r"http://127\.0\.0\.1:(\d+)", greeting.readline())
        assert found
        yield process, int(found[1])
    finally:
        process.kill()
        process.communicate()


def ask(port: int, path: str, key: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", path, headers={"Authorization": f"Bearer {key}", "OpenAI-Beta": "assistants=v2"})
    status = connection.getresponse().status
    connection.close()
    return status


@posix
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_the_server_without_a_traceback(home: Home, tmp_path: Path, number: int) -> None:
    store = tmp_path / "mine.db"
    with serving("--store", str(store)) as (process, port):
        assert ask(port, "/v1/assistants", home.key_file.read_text().strip()) == 200
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
        assert (process.returncode, err) == (0, "")
        assert "GET /v1/assistants 200" in out
    assert not Path(f"{store}-wal").exists()  # SQLite folds its log into the file when the store is closed


@posix
def test_ctrl_c_closes_open_connections(home: Home) -> None:
    with serving("--store", ":memory:") as (process, port), socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert connection.recv(12) == b"HTTP/1.1 200"
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 0


def test_busy_port_is_a_sentence(home: Home) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert f"Port {port} on 127.0.0.1 is busy" in refused(1, "serve", "--port", str(port))


def test_store_in_use_is_a_sentence(home: Home, tmp_path: Path) -> None:
    store = str(tmp_path / "mine.db")
    with serving("--store", store) as _:
        assert "mine.db" in refused(1, "serve", "--port", "0", "--store", store)


def test_file_that_is_no_store_is_a_sentence(home: Home, tmp_path: Path) -> None:
    (tmp_path / "mine.db").write_text("a diary " * 200)
    assert "mine.db" in refused(1, "serve", "--port", "0", "--store", str(tmp_path / "mine.db"))


def test_second_server_on_the_users_store_is_refused(home: Home) -> None:
    ensure_server()
    assert "is running already" in refused(1, "serve", "--port", "0")


def test_notebooks_find_a_server_in_the_foreground(home: Home) -> None:
    with serving() as (process, port):
        server = ensure_server()
        assert not server.started_now
        assert (server.pid, server.base_url) == (process.pid, f"http://127.0.0.1:{port}/v1")


def test_notebooks_do_not_find_a_server_with_its_own_store(home: Home) -> None:
    with serving("--store", ":memory:") as (process, _):
        server = ensure_server()
        assert server.started_now
        assert server.pid != process.pid


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::1", "example.org"])
def test_other_host_is_refused(home: Home, host: str) -> None:
    assert "listens on 127.0.0.1 only" in refused(2, "serve", "--host", host)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--clock", "virtual"), "nothing would move it"),
        (("--clock", "sundial"), "'sundial'"),
        (("--clock", "x0"), "x0"),
        (("--clock", "x1e99"), "x1e99"),
        (("--port", "http"), "'http' is not a port"),
        (("--port", "65536"), "'65536' is not a port"),
        (("--idle-exit", "soon"), "'soon' is not a number of seconds"),
        (("--idle-exit", "nan"), "'nan' is not a number of seconds"),
        (("--seed", "x"), "--seed"),
        (("--nonsense",), "--nonsense"),
    ],
)
def test_wrong_option_is_a_sentence(home: Home, arguments: tuple[str, ...], sentence: str) -> None:
    assert sentence in refused(2, "serve", "--store", ":memory:", *arguments)


def test_unknown_scenario_is_a_sentence(home: Home) -> None:
    assert "earthquake" in refused(1, "serve", "--port", "0", "--store", ":memory:", "--scenario", "earthquake")


def test_unusable_data_folder_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("THREADLAB_HOME", str(tmp_path / "file" / "home"))
    assert "set THREADLAB_HOME" in refused(1, "serve", "--port", "0")
    assert "set THREADLAB_HOME" in refused(1, "stop")
    assert run("status").returncode == 1


def test_key_is_not_in_the_log(home: Home, tmp_path: Path) -> None:
    key_file = tmp_path / "my key"
    with serving("--store", ":memory:", "--json-log", "--key-file", str(key_file)) as (process, port):
        key = key_file.read_text().strip()
        assert ask(port, f"/v1/threads/{key}", key) == 400
        assert ask(port, "/v1/assistants?limit=1", "sk-threadlab-ffff") == 401
        assert process.stdout
        lines = [json.loads(process.stdout.readline()) for _ in range(2)]
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=30)
    assert [sorted(line) for line in lines] == [["method", "milliseconds", "path", "status", "time"]] * 2
    assert [(line["path"], line["status"]) for line in lines] == [("/v1/threads/sk-…", 400), ("/v1/assistants", 401)]
    assert key not in out + err + json.dumps(lines)


@posix
def test_commands_in_the_greeting_work(home: Home, tmp_path: Path) -> None:
    key_file = tmp_path / "my key"
    with serving("--store", ":memory:", "--key-file", str(key_file)) as (process, port):
        assert process.stdout
        lines = [process.stdout.readline() for _ in range(2)]
        script = "".join(lines) + 'echo "$OPENAI_BASE_URL $OPENAI_API_KEY"'
        said = subprocess.run(["sh", "-c", script], capture_output=True, text=True).stdout
    assert said == f"http://127.0.0.1:{port}/v1 {key_file.read_text()}"


def test_server_survives_a_closed_log(home: Home) -> None:
    with serving("--store", ":memory:", "--json-log") as (process, port):
        assert process.stdout
        process.stdout.close()
        process.stdout = None
        key = home.key_file.read_text().strip()
        assert [ask(port, "/v1/assistants", key) for _ in range(3)] == [200] * 3


def test_idle_server_ends(home: Home) -> None:
    with serving("--store", ":memory:", "--idle-exit", "0.1") as (process, _):
        assert process.wait(timeout=30) == 0


def test_status_and_stop_say_what_they_found(home: Home) -> None:
    assert (run("status").returncode, run("status").stdout) == (1, "No Threads service is running.\n")
    assert (run("stop").returncode, run("stop").stdout) == (0, "No Threads service was running.\n")
    server = ensure_server()
    status = run("status")
    assert status.returncode == 0
    assert f"(process {server.pid}, " in status.stdout
    assert server.key not in status.stdout
    stop = run("stop")
    assert (stop.returncode, stop.stdout) == (0, "The Threads service has ended.\n")
    eventually(lambda: local._started[0].poll() is not None, "the server to end")


def test_no_verb_is_a_sentence(home: Home) -> None:
    assert "VERB" in refused(2)
    assert run("--help").returncode == 0
    assert run("--version").stdout.startswith("threadlab ")


def test_import_of_the_package_loads_no_sdk() -> None:
    code = "import sys, threadlab; threadlab.in_trial(); print(sorted({'openai', 'sqlalchemy', 'uvicorn', 'asyncio'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"

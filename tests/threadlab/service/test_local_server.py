"""Finding, starting, replacing and ending the user's server, with real processes."""

import json
import os
import signal
import socket
import subprocess
import sys

import msgspec
import pytest

from threadlab.errors import ThreadlabError
from threadlab.service import local_server as local
from threadlab.service.data_folder import Home, ServerRecord
from threadlab.service.local_server import ensure_server, server_status, stop_server

from .conftest import python

ENSURE = "import json; from threadlab.service.local_server import ensure_server; print(json.dumps(ensure_server()), flush=True)"

pytestmark = pytest.mark.usefixtures("own_port")
posix = pytest.mark.skipif(os.name != "posix", reason="needs the signals of a POSIX system")


def record(home: Home) -> ServerRecord:
    found = home.record()
    assert found is not None
    return found


def test_two_kernels_start_one_server(home: Home) -> None:
    kernels = [python(ENSURE) for _ in range(4)]
    servers = [json.loads(kernel.communicate(timeout=60)[0]) for kernel in kernels]
    assert len({pid for _, _, pid, *_ in servers}) == 1
    assert sorted(started_now for _, _, _, started_now, *_ in servers) == [False, False, False, True]


def test_second_notebook_finds_the_first_server(home: Home) -> None:
    first, second = ensure_server(), ensure_server()
    assert (first.started_now, second.started_now) == (True, False)
    assert first[:3] == second[:3]


@posix
def test_server_outlives_the_kernel(home: Home) -> None:
    kernel = python(ENSURE + "; import time; time.sleep(600)")
    assert kernel.stdout
    base_url, _, pid, *_ = json.loads(kernel.stdout.readline())
    os.killpg(kernel.pid, signal.SIGKILL)
    kernel.wait()
    kernel.stdout.close()
    assert ensure_server()[:3] == (base_url, home.key_file.read_text().strip(), pid)


@posix
def test_stale_record_is_ignored(home: Home) -> None:
    first = ensure_server()
    os.kill(first.pid, signal.SIGKILL)
    local._started[0].wait()
    assert server_status() is None
    second = ensure_server()
    assert second.started_now
    assert (second.base_url, second.key) == (first.base_url, first.key)  # notebooks that are still open find it again


def test_process_with_a_reused_number_is_left_alone(home: Home) -> None:
    ensure_server()
    old = record(home)
    stop_server()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as innocent:
        home.write_record(msgspec.structs.replace(old, pid=innocent.pid, fingerprint="other"))
        assert ensure_server().started_now
        assert innocent.poll() is None


def test_program_that_took_the_port_is_not_sent_the_key(home: Home) -> None:
    ensure_server()
    old = record(home)
    stop_server()
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", old.port))
        stranger.listen()
        stranger.settimeout(0.0)
        assert server_status() is None
        assert record(home).port == old.port
        assert ensure_server().started_now
        assert record(home).port != old.port
        with pytest.raises(BlockingIOError):
            stranger.accept()


@pytest.mark.parametrize("change", [{"fingerprint": "yesterday"}, {"version": "0.0.1"}])
def test_older_server_is_replaced(home: Home, change: dict[str, str]) -> None:
    first = ensure_server()
    home.write_record(msgspec.structs.replace(record(home), **change))
    status = server_status()
    assert status
    assert not status.current
    second = ensure_server()
    assert second.started_now
    assert second.pid != first.pid
    assert second.base_url == first.base_url
    assert local._started[0].wait(timeout=20) == 0  # it was asked, and ended in order


def test_server_with_another_key_is_replaced(home: Home) -> None:
    first = ensure_server()
    home.key_file.unlink()
    second = ensure_server()
    assert second.started_now
    assert second.key != first.key


@posix
@pytest.mark.slow
def test_hung_server_is_replaced(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "_PROBE_LIMIT", 0.5)
    first = ensure_server()
    os.kill(first.pid, signal.SIGSTOP)
    second = ensure_server()
    assert second.started_now
    assert second.pid != first.pid
    assert local._started[0].wait(timeout=20) == -signal.SIGKILL


def test_stop_ends_the_server(home: Home) -> None:
    assert not stop_server()
    ensure_server()
    assert server_status()
    assert stop_server()
    assert server_status() is None
    assert local._started[0].wait(timeout=20) == 0
    assert not stop_server()


def test_failed_start_says_why(home: Home) -> None:
    home.ready()
    home.store.write_bytes(b"this is not a database, and long enough to be seen as something else" * 20)
    with pytest.raises(ThreadlabError, match="ended while it was starting") as caught:
        ensure_server()
    assert "The last lines of its log" in str(caught.value)
    assert "threads.db" in str(caught.value)
    assert "Traceback" not in str(caught.value)


def test_slow_start_says_that_it_is_waiting(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter(range(0, 1000, 2))
    monkeypatch.setattr(local.time, "monotonic", lambda: float(next(moments)))
    said: list[str] = []
    monkeypatch.setattr(local, "_START_LIMIT", 1e9)
    ensure_server(said.append)
    assert len(said) == 1
    assert said[0].startswith("Starting the Threads service")


def test_loopback_is_asked_without_a_proxy(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert ensure_server().started_now
    assert not ensure_server().started_now
    assert stop_server()


def test_server_does_not_hold_the_folder_of_the_notebook(home: Home) -> None:
    server = ensure_server()
    link = f"/proc/{server.pid}/cwd"
    if not os.path.exists(link):
        pytest.skip("needs /proc")
    assert os.path.realpath(link) == os.path.realpath(home.folder)


def test_server_takes_no_modules_from_its_folder(home: Home) -> None:
    home.ready()
    (home.folder / "msgspec.py").write_text("raise SystemExit('the wrong msgspec')")
    assert ensure_server().started_now


def test_ended_server_is_not_listening(home: Home) -> None:
    server = ensure_server()
    assert local.is_listening(server.base_url)
    stop_server()
    assert not local.is_listening(server.base_url)
    assert not local.is_listening("")

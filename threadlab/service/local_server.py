"""The local server of this user: found if it runs, started if not, replaced if it runs other code, stopped on request.

Whether it lives is told by the lock that it holds (`Home.running`), where it is by its record, and whether it is well by its health
route. One at a time starts or stops it (`Home.starting`).
"""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from filelock import FileLock, Timeout

from threadlab.errors import ThreadlabError
from threadlab.service.data_folder import Home, ServerRecord, code_fingerprint
from threadlab.service.keys import read_or_make_key
from threadlab.service.responder_options import VARIABLE, chosen
from threadlab.version import version

IDLE_EXIT = 24 * 3600.0
"""Real seconds without a request after which a server that we started ends by itself."""

_START_LIMIT = 30.0
"""Real seconds that a start may take: many times what a slow computer needs."""

_PROBE_LIMIT = 5.0
"""Real seconds that the server has for an answer to a probe."""

Say = Callable[[str], None]


class Server(NamedTuple):
    """A server that answers."""

    base_url: str
    """Where clients point: ends in /v1."""
    key: str
    pid: int
    started_now: bool
    """True if this call started it."""
    replies: str = ""
    """Where its replies come from: the end of "Replies come from ..."."""
    hosted: bool = False
    """Whether a hosted endpoint is asked for them, with a real key."""


class Status(NamedTuple):
    """What `server_status` found."""

    record: ServerRecord
    store: str
    current: bool
    """False when the server runs other code than this process has."""


def ensure_server(say: Say | None = None) -> Server:
    """The user's local server, started if need be, detached so that it outlives this process.

    `say` is told, in a sentence, about a start that takes longer than a second. Raises ThreadlabError when no server can be had.
    """
    home = Home().ready()
    key = read_or_make_key(home.key_file)
    if record := _current(home, key):
        return _server(record, key, started_now=False)
    with _one_at_a_time(home):
        if record := _current(home, key):
            return _server(record, key, started_now=False)
        _end(home, key)
        return _server(_start(home, key, say), key, started_now=True)


def stop_server() -> bool:
    """End the local server. False if none was running. Raises ThreadlabError when it does not end."""
    home = Home().ready()
    with _one_at_a_time(home):
        return _end(home, read_or_make_key(home.key_file))


def server_status() -> Status | None:
    """The local server that runs and answers, or None. Changes nothing."""
    home = Home()
    record = home.record()
    if record is None or not home.key_file.exists() or _has_ended(home.ready(), within=0):
        return None
    health = _health(record, read_or_make_key(home.key_file))
    return Status(record, str(health.get("store")), _runs_our_code(record)) if health else None


def is_listening(base_url: str) -> bool:
    """Whether anything accepts connections there. Costs a fraction of a millisecond when it does, and sends nothing."""
    address = urlsplit(base_url)
    try:
        socket.create_connection((address.hostname or "", address.port or 80), timeout=1).close()
    except OSError:
        return False
    return True


# ---- finding ---------------------------------------------------------------------------------------------------------------------------


def _server(record: ServerRecord, key: str, *, started_now: bool) -> Server:
    return Server(f"http://127.0.0.1:{record.port}/v1", key, record.pid, started_now, record.replies, record.responder.startswith("hosted"))


def _current(home: Home, key: str) -> ServerRecord | None:
    """The server that runs, is well, runs the code that we have and asks whom the environment names; None if there is none such.

    Its port is asked only while its lock is held: otherwise another program may have the port by now, and it would be sent our key.
    """
    record = home.record()
    if record is None or not _runs_our_code(record) or not _asks_our_choice(record):
        return None
    return record if not _has_ended(home, within=0) and _health(record, key) else None


def _runs_our_code(record: ServerRecord) -> bool:
    return (record.version, record.fingerprint) == (version(), code_fingerprint())


def _asks_our_choice(record: ServerRecord) -> bool:
    """Whether the server has the responder that the environment asks for. Where it asks for none, any will do."""
    return VARIABLE not in os.environ or chosen().label() == record.responder


def _health(record: ServerRecord, key: str) -> dict[str, Any] | None:
    """What the server says of itself; None if it does not answer, or if what answers on its port is something else."""
    answer = _ask("GET", "/threadlab/health", record.port, key)
    return answer if answer and answer.get("name") == "threadlab" and answer.get("pid") == record.pid else None


def _ask(method: str, path: str, port: int, key: str) -> dict[str, Any] | None:
    """One request to our own server. `http.client` knows nothing of proxies: HTTP_PROXY would otherwise swallow 127.0.0.1."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_PROBE_LIMIT)
    try:
        connection.request(method, path, headers={"Authorization": f"Bearer {key}"})
        response = connection.getresponse()
        answer = json.loads(response.read(100_000))
        return answer if response.status < 300 and isinstance(answer, dict) else None
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()


# ---- starting --------------------------------------------------------------------------------------------------------------------------

_started: list[subprocess.Popen[bytes]] = []
"""Servers that this process started, kept so that one that ends is not left behind as a zombie."""


@contextmanager
def _one_at_a_time(home: Home) -> Iterator[None]:
    try:
        with FileLock(home.starting, timeout=2 * _START_LIMIT):
            yield
    except Timeout as error:
        raise ThreadlabError(
            f"Another program has been starting or stopping the Threads service for {2 * _START_LIMIT:.0f} seconds (it holds "
            f"{home.starting}). Wait for it or end it, then try again."
        ) from error


def _start(home: Home, key: str, say: Say | None) -> ServerRecord:
    for process in _started:
        process.poll()
    process = _spawn(home)
    _started.append(process)
    began = time.monotonic()
    while (waited := time.monotonic() - began) < _START_LIMIT:
        record = home.record()
        if record and record.pid == process.pid and _health(record, key):
            return record
        if process.poll() is not None:
            raise ThreadlabError(
                f"The Threads service ended while it was starting (exit code {process.returncode}). {_last_lines(home.log)}"
            )
        if say and waited > 1:
            say("Starting the Threads service: this takes a few seconds the first time …")
            say = None
        time.sleep(0.02)
    process.kill()
    raise ThreadlabError(f"The Threads service did not start within {_START_LIMIT:.0f} seconds. {_last_lines(home.log)}")


def _spawn(home: Home) -> "subprocess.Popen[bytes]":
    """Start `serve` in a session of its own, so that neither Ctrl-C nor the end of the kernel reaches it."""
    package = str(Path(__file__).resolve().parents[2])
    paths = [package, *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "THREADLAB_HOME": str(home.folder), "PYTHONPATH": os.pathsep.join(paths), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-P", "-m", "threadlab", "serve", "--port", "auto", "--quiet", "--idle-exit", f"{IDLE_EXIT:.0f}"]
    detached: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        detached = {"creationflags": subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP}
    try:
        if home.log.exists():
            os.replace(home.log, home.log.with_suffix(".log.old"))
        with open(home.log, "wb") as log:
            return subprocess.Popen(command, cwd=home.folder, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **detached)
    except OSError as error:
        raise ThreadlabError(f"The Threads service could not be started with {sys.executable}: {error}.") from error


def _last_lines(log: Path, count: int = 8) -> str:
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-count:]
    except OSError:
        lines = []
    return "\n".join([f"The last lines of its log, {log}:", *lines]) if lines else f"Its log, {log}, is empty."


# ---- ending ----------------------------------------------------------------------------------------------------------------------------


def _end(home: Home, key: str) -> bool:
    """End whatever server runs from this home: asked, then told, then killed. False if there was none."""
    if _has_ended(home, within=0):
        return False
    for end, patience in ((_ask_to_stop, 5.0), (_terminate, 3.0), (_kill, 3.0)):
        record = home.record()
        acknowledged = record is None or end(record, key)
        if _has_ended(home, within=patience if acknowledged else 0):
            return True
    raise ThreadlabError(
        f"The Threads service that runs now does not end (it holds {home.running}). End it by hand, or restart the computer, "
        "then try again."
    )


def _has_ended(home: Home, within: float) -> bool:
    """Whether no server holds the lock, or lets go of it within so many real seconds."""
    try:
        with FileLock(home.running, timeout=within):
            return True
    except Timeout:
        return False


def _ask_to_stop(record: ServerRecord, key: str) -> bool:
    return _ask("POST", "/threadlab/stop", record.port, key) is not None


def _terminate(record: ServerRecord, key: str) -> bool:
    return _signal(record.pid, signal.SIGTERM)


def _kill(record: ServerRecord, key: str) -> bool:
    return _signal(record.pid, signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL)


def _signal(pid: int, number: int) -> bool:
    """The process is ours: only the server that wrote the record can hold the lock that is held."""
    with suppress(OSError):
        os.kill(pid, number)
        return True
    return False

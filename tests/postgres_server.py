"""A real PostgreSQL for one test: its own data, its own port, nobody else on it."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


class Server(NamedTuple):
    address: str
    """postgresql://..., the role and the database included."""
    command: list[str]

    def start(self) -> "subprocess.Popen[bytes]":
        process = subprocess.Popen(self.command, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _until_it_answers(self.address.rpartition("/")[0] + "/postgres")
        return process


class Running(NamedTuple):
    address: str
    restart: Callable[[], None]
    """Cut its connections, end it at once, and start it again on what it had written."""


def _programs() -> Path | None:
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return folders[-1] if folders else None


def _until_it_answers(address: str) -> None:
    import psycopg

    end = time.monotonic() + 30
    while True:
        try:
            psycopg.connect(address).close()
            return
        except psycopg.OperationalError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


@contextmanager
def postgres_server(role: str, database: str) -> Iterator[Running]:
    """A server with a database; the test is skipped where there can be none."""
    import psycopg

    programs = _programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed on this computer")
    place = Path(tempfile.mkdtemp(prefix="postgres-"))  # not below pytest's folder, which is its user's alone
    place.chmod(0o755)
    data, port = place / "data", free_port()
    become: list[str] = []
    if os.geteuid() == 0:  # PostgreSQL does not run as root
        if subprocess.run(["id", "postgres"], capture_output=True, check=False).returncode:
            pytest.skip("PostgreSQL does not run as root, and there is no user postgres")
        become = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        data.mkdir()
        shutil.chown(data, "postgres", "postgres")
    subprocess.run(
        [*become, str(programs / "initdb"), "-D", str(data), "-A", "trust", "-U", role], cwd="/", check=True, capture_output=True
    )
    words = [*become, str(programs / "postgres"), "-D", str(data), "-p", str(port), "-h", "127.0.0.1", "-k", ""]
    server = Server(f"postgresql://{role}@127.0.0.1:{port}/{database}", words)
    processes = [server.start()]

    def end(how: int) -> None:
        processes[-1].send_signal(how)
        processes[-1].wait(30)

    def restart() -> None:
        end(signal.SIGQUIT)  # at once: its connections are cut, and it recovers from its log
        processes.append(server.start())

    try:
        with psycopg.connect(server.address.rpartition("/")[0] + "/postgres", autocommit=True) as connection:
            connection.execute(f"create database {database}")  # type: ignore[arg-type]
        yield Running(server.address, restart)
    finally:
        end(signal.SIGINT)
        shutil.rmtree(place, ignore_errors=True)

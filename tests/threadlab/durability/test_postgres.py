"""The store in PostgreSQL: a real server, that is killed and that kills."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import settings

from tests.postgres_server import Running, free_port, postgres_server
from tests.threadlab.durability.test_kills_under_load import check, under_load
from tests.threadlab.engine.desk import desk
from tests.threadlab.engine.test_store import BothStores, message
from threadlab.errors import StoreBroken, StoreBusy
from threadlab.store.open import open_store

psycopg = pytest.importorskip("psycopg", reason="the driver of PostgreSQL is not installed (the extra `postgresql`)")
from threadlab.store.postgresql import PostgresStore  # noqa: E402

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with postgres_server("ada", "threads") as running:
        yield running


@pytest.fixture
def address(server: Running) -> str:
    """Of a database with no store in it."""
    with psycopg.connect(server.address, autocommit=True) as connection:
        connection.execute("DROP SCHEMA IF EXISTS threadlab CASCADE")
    return server.address


def test_postgres_keeps_and_says_what_memory_does(address: str) -> None:
    class BothStoresInPostgres(BothStores):
        def __init__(self) -> None:
            with psycopg.connect(address, autocommit=True) as connection:
                connection.execute("DROP SCHEMA IF EXISTS threadlab CASCADE")
            super().__init__()

        def reopened(self) -> PostgresStore:
            return PostgresStore(address)

    case = BothStoresInPostgres.TestCase
    case.settings = settings(max_examples=12, stateful_step_count=20, deadline=None)
    case("runTest").runTest()  # type: ignore[attr-defined]


def test_row_comes_back_as_it_was_put(address: str) -> None:
    row = message("msg_1", 7, "thread_a", "run_1", 5, planned=True)
    with closing(PostgresStore(address)) as one:
        one.put(row)
        assert one.get("msg_1") == row
        assert one.get("msg\0") is None
        one.put(message("msg_\0", 8, "thread_a"))
        assert one.get("msg_\0") is not None


def test_second_service_on_one_store_is_refused(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("threadlab.store.postgresql._LOCK_PATIENCE", 0.2)
    with closing(PostgresStore(address)), pytest.raises(StoreBusy, match="is in use by another service"):
        PostgresStore(address)
    PostgresStore(address).close()


def test_password_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(StoreBroken, match="cannot be reached") as broken:
        open_store(f"postgresql://ada:secret@127.0.0.1:{free_port()}/threads")
    assert "secret" not in str(broken.value)


def test_store_of_a_later_version_is_refused(address: str) -> None:
    PostgresStore(address).close()
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("UPDATE threadlab.about SET version = 99")
    with pytest.raises(StoreBroken, match="cannot read"):
        PostgresStore(address)


def test_lost_connection_is_made_again(server: Running, address: str) -> None:
    with desk(store=address) as at:
        thread_id = at.thread("What is the capital of France?")
        run = at.run(thread_id)
        server.restart()
        with pytest.raises(psycopg.OperationalError):
            at.threads.messages.list(thread_id)
        at.wait(5)
        assert at.threads.runs.retrieve(run.id, thread_id=thread_id).status == "completed"
        assert at.texts(thread_id)[-1] == "The capital of France is Paris."


def test_service_that_lost_its_lock_writes_nothing(server: Running, address: str) -> None:
    with closing(PostgresStore(address)) as one:
        server.restart()
        with pytest.raises(psycopg.OperationalError):
            one.get("msg_1")
        PostgresStore(address).close()
        with pytest.raises(StoreBroken, match="Another service"):
            one.get("msg_1")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
def test_acknowledged_writes_survive_ten_kills(address: str, tmp_path: Path) -> None:
    told = under_load(tmp_path, 10, address)
    check(address, told)
    assert told


def test_missing_driver_is_a_sentence(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from threadlab.store.open import open_store\n"
        "try: open_store('postgresql://127.0.0.1/threads')\n"
        "except Exception as error: print(type(error).__name__, error)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.startswith("StoreBroken A store in PostgreSQL needs its driver, psycopg")

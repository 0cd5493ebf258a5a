"""Memory and SQLite keep the same, tell the same, and forget the same."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.threadlab.engine.desk import desk
from threadlab.errors import StoreBroken, StoreBusy
from threadlab.store.memory import MemoryStore
from threadlab.store.protocol import Query, Store
from threadlab.store.records import Begin, Moment, Plan, Row
from threadlab.store.sqlite import SqliteStore
from threadlab.wire import assistants as o

PARENTS = ("thread_a", "thread_b")
IDS = tuple(f"msg_{number}" for number in range(6))


def message(object_id: str, seq: int, parent: str, run_id: str = "", tokens: int = 3, planned: bool = False) -> Row:
    body = o.Message(object_id, seq, parent, "user", [o.TextBlock(o.Text("x"))], run_id=run_id or None)
    plan = Plan((Moment(1.5, Begin()),)) if planned else None
    return Row(object_id, "thread.message", "p", parent, seq, body, run_id, tokens, plan)


class Undo(Exception):
    pass


class BothStores(RuleBasedStateMachine):
    """The same things done to both; whatever can be asked must then be answered alike."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.file = self.reopened()
        self.memory = MemoryStore()
        self.seqs: dict[str, int] = {}

    def reopened(self) -> Any:
        """What was kept, as the next process finds it."""
        return SqliteStore(Path(self.folder.name) / "store")

    def both(self) -> Iterator[Store]:
        yield self.memory
        yield self.file

    def _put(self, object_id: str, parent: str, run_id: str, tokens: int, planned: bool) -> None:
        known = self.memory.get(object_id)
        seq = known.seq if known else self.memory.next_seq()
        if not known:
            assert self.file.next_seq() == seq
        row = message(object_id, seq, known.parent if known else parent, known.run_id if known else run_id, tokens, planned)
        for store in self.both():
            store.put(row)

    @rule(
        object_id=st.sampled_from(IDS),
        parent=st.sampled_from(PARENTS),
        run_id=st.sampled_from(["", "run_1"]),
        tokens=st.integers(0, 9),
        planned=st.booleans(),
    )
    def put(self, object_id: str, parent: str, run_id: str, tokens: int, planned: bool) -> None:
        self._put(object_id, parent, run_id, tokens, planned)

    @rule(object_id=st.sampled_from(IDS))
    def remove(self, object_id: str) -> None:
        for store in self.both():
            store.remove(object_id)

    @rule(parent=st.sampled_from(PARENTS))
    def remove_below(self, parent: str) -> None:
        for store in self.both():
            store.remove_below(parent)

    @rule(object_id=st.sampled_from(IDS), other=st.sampled_from(IDS), parent=st.sampled_from(PARENTS), nested=st.booleans())
    def fail_in_a_transaction(self, object_id: str, other: str, parent: str, nested: bool) -> None:
        for store in self.both():
            try:
                with store.transaction():
                    if nested:
                        with store.transaction():
                            store.remove(other)
                    store.remove(object_id)
                    store.remove_below(parent)
                    store.put(message("msg_new", 999, parent))
                    raise Undo
            except Undo:
                pass

    @rule(object_id=st.sampled_from(IDS), other=st.sampled_from(IDS))
    def fail_in_an_inner_transaction(self, object_id: str, other: str) -> None:
        for store in self.both():
            with store.transaction():
                store.remove(object_id)
                try:
                    with store.transaction():
                        store.remove(other)
                        raise Undo
                except Undo:
                    pass

    @rule()
    def restart(self) -> None:
        self.file.close()
        self.file = self.reopened()
        self.memory._seq = max((row.seq for row in self.memory._rows.values()), default=0)

    @invariant()
    def told_alike(self) -> None:
        for parent in PARENTS:
            assert self.memory.count("thread.message", "p", parent) == self.file.count("thread.message", "p", parent)
            assert self.memory.tokens("p", parent) == self.file.tokens("p", parent)
            for run_id in ("", "run_1"):
                for newest_first in (True, False):
                    for after, before, limit in ((None, None, 9), (2, None, 2), (None, 5, 2), (1, 6, 3)):
                        query = Query("thread.message", "p", parent, run_id, after, before, limit, newest_first)
                        assert self.memory.page(query) == self.file.page(query)
        assert sorted(row.id for row in self.memory.unfinished()) == sorted(row.id for row in self.file.unfinished())
        for object_id in (*IDS, "msg_new"):
            assert self.memory.get(object_id) == self.file.get(object_id)

    def teardown(self) -> None:
        self.file.close()
        self.folder.cleanup()


BothStores.TestCase.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
TestBothStores = BothStores.TestCase


@pytest.fixture(params=["memory", "file"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    with closing(MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "store")) as one:
        yield one


def test_row_comes_back_as_it_was_put(tmp_path: Path) -> None:
    row = message("msg_1", 7, "thread_a", "run_1", 5, planned=True)
    with closing(SqliteStore(tmp_path / "store")) as one:
        one.put(row)
        assert one.get("msg_1") == row


def test_clone_shares_nothing_that_changes() -> None:
    first = MemoryStore()
    first.put(message("msg_1", 1, "thread_a"))
    second = first.clone()
    second.put(message("msg_2", 2, "thread_a"))
    first.remove("msg_1")
    assert [first.count("thread.message", "p", "thread_a"), second.count("thread.message", "p", "thread_a")] == [0, 2]
    assert second.tokens("p", "thread_a") == 6


def test_second_process_on_a_store_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "store"
    with closing(SqliteStore(path)):
        code = f"from threadlab.store.sqlite import SqliteStore\nfrom pathlib import Path\nSqliteStore(Path({str(path)!r}))"
        second = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert second.returncode != 0
        assert f"{path} is in use by another process; stop that one, or name another file." in second.stderr
        with pytest.raises(StoreBusy):
            SqliteStore(path)
    SqliteStore(path).close()


@pytest.mark.parametrize("content", [b"not a database at all, but long enough to be looked at", b"\x00" * 4096])
def test_file_that_is_no_store_is_a_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "store"
    path.write_bytes(content)
    with pytest.raises(StoreBroken, match="is not a store"):
        SqliteStore(path)
    assert path.read_bytes() == content


def test_database_of_somebody_else_is_refused(tmp_path: Path) -> None:
    import sqlite3

    path = tmp_path / "store"
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE mine (x)")
        db.commit()
    with pytest.raises(StoreBroken, match="not a store that this version can read"):
        SqliteStore(path)


def test_store_killed_while_it_was_made_is_whole_or_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from threadlab.store import sqlite as module

    path = tmp_path / "store"
    good = module._SCHEMA
    monkeypatch.setattr(module, "_SCHEMA", good.partition("CREATE TABLE IF NOT EXISTS totals")[0] + "SELECT broken;")
    with pytest.raises(StoreBroken):
        SqliteStore(path)
    monkeypatch.setattr(module, "_SCHEMA", good)
    SqliteStore(path).close()


def test_impossible_place_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreBroken):
        SqliteStore(tmp_path / "file" / "store")


# ---- restarts --------------------------------------------------------------------------------------------------------------------------


def again(tmp_path: Path, **options: Any) -> Any:
    from threadlab.virtual_time.clock import VirtualClock

    return desk(store=tmp_path / "store", clock=VirtualClock(options.pop("now", 1_788_253_200.0)), **options)


@pytest.mark.parametrize("stopped_at", [0.1, 1.2, 2.1])
@pytest.mark.parametrize("pause", [0.0, 3.0, 5000.0])
def test_run_left_behind_by_a_restart_goes_on(tmp_path: Path, stopped_at: float, pause: float) -> None:
    """Whatever was due while nobody ran happens when somebody does: the same answer, and the thread is free."""
    with again(tmp_path) as at:
        thread_id = at.thread("What is the capital of France?")
        run = at.run(thread_id)
        at.wait(stopped_at)
        at.threads.runs.retrieve(run.id, thread_id=thread_id)
        now = at.service.clock.now()
    with again(tmp_path, now=now + pause, seed=1) as at:
        if pause < 1:
            with pytest.raises(Exception, match="already has an active run"):
                at.run(thread_id)
        at.wait(3)
        assert at.threads.runs.retrieve(run.id, thread_id=thread_id).status == "completed"
        assert at.texts(thread_id)[-1] == "The capital of France is Paris."
        assert at.run(thread_id).status == "queued"


def test_run_waits_for_tools_over_a_restart(tmp_path: Path) -> None:
    from tests.threadlab.engine.desk import WEATHER

    with again(tmp_path) as at:
        thread_id = at.thread("What is the weather in Paris?")
        run = at.finished(thread_id, tools=[WEATHER])
        assert run.status == "requires_action"
    with again(tmp_path, now=at.service.clock.now() + 60) as at:
        run = at.threads.runs.retrieve(run.id, thread_id=thread_id)
        outputs = [{"tool_call_id": call.id, "output": "Sunny."} for call in run.required_action.submit_tool_outputs.tool_calls]
        at.threads.runs.submit_tool_outputs(run.id, thread_id=thread_id, tool_outputs=outputs)
        at.wait(5)
        assert at.threads.runs.retrieve(run.id, thread_id=thread_id).status == "completed"
    with again(tmp_path, now=at.service.clock.now() + 60) as at:
        assert at.texts(thread_id)[-1] == "get_weather says: Sunny."


def test_ids_are_new_after_a_restart(tmp_path: Path) -> None:
    made = []
    for _ in range(3):
        with again(tmp_path) as at:
            made += [at.threads.create().id for _ in range(3)]
    assert len(set(made)) == 9


class Unkept(Exception):
    """The disk is full, or the database server is gone."""


@pytest.mark.parametrize("lost", ["createRun", "getRun"])
def test_write_that_was_not_kept_leaves_the_thread_free(tmp_path: Path, lost: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a run that was not kept nothing may be left, and one whose end was not kept has to end again."""
    with again(tmp_path) as at:
        thread_id = at.thread("What is the capital of France?")
        kept = at.service.engine.store.transaction

        @contextmanager
        def unkept(**options: Any) -> Iterator[None]:
            with kept(**options):
                yield
                raise Unkept

        run = at.run(thread_id) if lost == "getRun" else None
        at.wait(3)
        with monkeypatch.context() as patch:
            patch.setattr(at.service.engine.store, "transaction", unkept)
            with pytest.raises(Unkept):
                at.run(thread_id) if run is None else at.threads.runs.retrieve(run.id, thread_id=thread_id)
        if run is not None:
            assert at.threads.runs.retrieve(run.id, thread_id=thread_id).status == "completed"
        assert at.run(thread_id).status == "queued"


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such modes")
@pytest.mark.parametrize("before", [None, 0o644])
def test_store_is_readable_by_its_owner_only(tmp_path: Path, before: int | None) -> None:
    path = tmp_path / "store.sqlite3"
    if before is not None:
        path.touch(before)
    with closing(SqliteStore(path)) as store, store.transaction():
        store.put(message("msg_0", 1, "thread_a"))
    with closing(SqliteStore(path)):
        assert {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()} == {
            "store.sqlite3": 0o600,
            "store.sqlite3-wal": 0o600,
        }

"""A real server is killed while several processes write to it.

What a client was told is there, nothing is there twice, and no run blocks its thread for ever. (`kill -9` shows what the process does,
not what the disk does when the power fails: for that the store asks the disk to write before anybody is told, which is not tested here.)
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from contextlib import ExitStack
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest

from tests.threadlab.engine.desk import Desk
from threadlab.engine.assistants_api.lifecycle import TERMINAL
from threadlab.service import listen
from threadlab.service.keys import read_or_make_key
from threadlab.store.protocol import Query
from threadlab.virtual_time.clock import VirtualClock
from threadlab.wire.assistants import Message

HERE = Path(__file__).parent
ROOT = Path(__file__).parents[3]
PROCESSES, THREADS = 3, 4

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")


def started(program: str, output: Any, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, str(HERE / program), *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=output, text=True, cwd=ROOT, env=environment)


def under_load(folder: Path, kills: int, store: Path | str) -> list[list[Any]]:
    """Kill servers while clients write, and end the last one in order. What the clients were told, line by line."""
    key_file = folder / "key"
    with listen.open_socket(0) as free:
        port = str(free.getsockname()[1])
    key = read_or_make_key(key_file)
    with ExitStack() as ends:
        killer = ends.enter_context(started("killer.py", subprocess.PIPE, port, str(store), str(key_file), "1", str(kills)))
        outputs = [ends.enter_context((folder / f"told-{number}").open("w+")) for number in range(PROCESSES)]
        loads = [
            ends.enter_context(started("load.py", output, port, key, str(number), str(THREADS))) for number, output in enumerate(outputs)
        ]
        assert killer.stdout
        said = list(takewhile(lambda line: line != "serving\n", killer.stdout))
        for process in (*loads, killer):
            assert process.stdin
            process.stdin.close()
            assert process.wait(timeout=60) == 0
        assert len(said) == kills
    return [json.loads(line) for number in range(PROCESSES) for line in (folder / f"told-{number}").read_text().splitlines()]


def check(place: Path | str, told: list[list[Any]]) -> None:
    messages = [line for line in told if line[0] == "message"]
    runs = [line for line in told if line[0] == "run"]
    assert len(messages) + len(runs) == len(told), "only the lock of a run may refuse anything, and no client meets it"
    at = Desk(store=place, clock=VirtualClock(time.time() + 3600), seed=99)
    try:
        store = at.service.engine.store
        for _, thread_id, message_id, text in messages:
            row = store.get(message_id)
            assert row is not None, f"{message_id} was acknowledged and is lost"
            assert isinstance(row.body, Message)
            assert (row.body.thread_id, row.body.text) == (thread_id, text)
        for _, thread_id, run_id, _ in runs:
            assert at.threads.runs.retrieve(run_id, thread_id=thread_id).status in TERMINAL
        threads = {line[1] for line in told}
        texts: Counter[str] = Counter()
        for thread_id in threads:
            at.threads.messages.create(thread_id, role="user", content="after all that")
            rows = store.page(Query("thread.message", "default", thread_id, limit=1000))
            texts.update(row.body.text for row in rows if isinstance(row.body, Message) and row.body.role == "user")
            replies = Counter(row.run_id for row in rows if row.run_id)
            assert set(replies.values()) <= {1}, "a run that was interrupted has answered twice"
        del texts["after all that"]
        assert {text for text, count in texts.items() if count > 1} == set()
        assert store.unfinished() == []
    finally:
        at.close()


def test_acknowledged_writes_survive_three_kills(tmp_path: Path) -> None:
    told = under_load(tmp_path, 3, tmp_path / "store.db")
    check(tmp_path / "store.db", told)
    assert told


@pytest.mark.slow
def test_acknowledged_writes_survive_200_kills(tmp_path: Path) -> None:
    told = under_load(tmp_path, 200, tmp_path / "store.db")
    check(tmp_path / "store.db", told)
    assert len(told) > 200

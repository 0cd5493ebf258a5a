"""`kill -9` in the middle of the work: what was acknowledged is there, and no run blocks its thread for ever."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.threadlab.engine.desk import Desk
from threadlab.engine.assistants_api.lifecycle import TERMINAL
from threadlab.virtual_time.clock import VirtualClock

SCRIPT = Path(__file__).with_name("kill_me.py")
ROOT = Path(__file__).parents[3]


def killed(store: Path, seed: int, times: int) -> list[list[str]]:
    """Let processes work on the store and kill them one after the other; what they said was acknowledged."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(SCRIPT), str(store), str(seed), str(times)]
    said = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=ROOT, check=True).stdout
    assert said.count("killed") == times
    own = said.partition("run ")[2].partition("\n")[2]  # the first turn was in memory, to warm up
    words = [line.split() for line in own.splitlines()]
    return [line for line in words if len(line) == 3 and line[0] in ("message", "run") and len(line[2].partition("_")[2]) == 24]


def check(store: Path, acknowledged: list[list[str]]) -> None:
    at = Desk(store=store, clock=VirtualClock(time.time() + 3600), seed=12345)
    try:
        for what, thread_id, object_id in acknowledged:
            if what == "message":
                assert at.threads.messages.retrieve(object_id, thread_id=thread_id).id == object_id
            else:
                assert at.threads.runs.retrieve(object_id, thread_id=thread_id).status in TERMINAL
        last = acknowledged[-1][1]
        assert at.run(last).status == "queued"
    finally:
        at.close()


def kill_often(tmp_path: Path, times: int, rounds: int) -> None:
    acknowledged: list[list[str]] = []
    for seed in range(rounds):
        acknowledged += killed(tmp_path / "store", seed, times)
        check(tmp_path / "store", acknowledged)
    assert len(acknowledged) > times * rounds


needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")


@needs_fork
def test_five_kills_lose_nothing(tmp_path: Path) -> None:
    kill_often(tmp_path, 5, 1)


@needs_fork
@pytest.mark.slow
def test_two_hundred_kills_lose_nothing(tmp_path: Path) -> None:
    kill_often(tmp_path, 20, 10)

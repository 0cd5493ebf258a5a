"""What a later process of a program may know: what it was told, and nothing else."""

import builtins
from typing import Any

import pytest

from threadlab.trials.guest.messages import CLIENT, Chunk, DatabaseReply, Deliver, Spec
from threadlab.trials.learnt import Learnt
from threadlab.trials.trial import World, in_process, run_trial

THREAD = "thread_abcdefghijklmnopqrstuvwx"


def everything(object_id: str) -> bool:
    return True


@pytest.mark.parametrize("said", [THREAD, {"path": f"/v1/threads/{THREAD}/runs"}, f'{{"thread": "{THREAD}"}}'.encode(), [10**40, THREAD]])
def test_id_that_nobody_told_is_found(said: Any) -> None:
    assert Learnt([]).unknown(said, everything) == THREAD


@pytest.mark.parametrize(
    "told",
    [
        Deliver(0.0, 1, 200, {}, f'{{"id": "{THREAD}"}}'.encode()),
        DatabaseReply(0.0, rows=[["ada", THREAD]]),
        DatabaseReply(0.0, rows=[["ada", THREAD.removeprefix("thread_")]]),
    ],
)
def test_id_of_a_reply_or_a_row_is_known(told: Any) -> None:
    learnt = Learnt([])
    learnt.learn(told)
    assert learnt.unknown(THREAD, everything) is None


def test_id_that_a_stream_brings_in_two_pieces_is_known() -> None:
    learnt = Learnt([])
    for piece in (THREAD[:12], THREAD[12:]):
        learnt.learn(Chunk(0.0, 1, piece.encode(), False))
    assert learnt.unknown(THREAD, everything) is None


def test_id_of_an_argument_is_known_and_one_of_nothing_is_not_asked_for() -> None:
    assert Learnt([[THREAD]]).unknown(THREAD, everything) is None
    assert Learnt([]).unknown(THREAD, lambda object_id: False) is None


REMEMBERS = """
import builtins
def answer(client):
    kept = builtins.__dict__.setdefault("kept_by_a_test", [])
    if not kept:
        kept.append(client.beta.threads.create().id)
    return {use}
"""


@pytest.mark.parametrize("use", ["kept[0]", "client.beta.threads.retrieve(kept[0]).object"])
def test_process_that_remembers_the_one_before_comes_to_no_end(use: str) -> None:
    try:
        spec = Spec("answer", [[[CLIENT]], [[CLIENT]]], sources=[REMEMBERS.format(use=use)], driver="processes")
        ending = run_trial(in_process({}), spec, World()).ending
    finally:
        builtins.__dict__.pop("kept_by_a_test", None)
    assert ending.how == "halted"
    assert "which this process was never told" in ending.message

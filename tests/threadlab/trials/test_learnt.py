"""What a later process of a program may know: what it was told, and nothing else."""

import builtins
from typing import Any

import pytest

from threadlab.trials.guest.messages import CLIENT, Chunk, DatabaseReply, Deliver, Spec
from threadlab.trials.learnt import Learnt
from threadlab.trials.trial import World, in_process, run_trial

THREAD = "thread_abcdefghijklmnopqrstuvwx"


def everything() -> set[str]:
    return {THREAD, "gpt-4o", "asst_zyxwvutsrqponmlkjihgfedc"}


@pytest.mark.parametrize(
    "said",
    [THREAD, {"path": f"/v1/threads/{THREAD}/runs"}, f'{{"thread": "{THREAD}"}}'.encode(), [10**40, THREAD], f"x{THREAD}y", THREAD[7:]],
)
def test_id_that_nobody_told_is_found(said: Any) -> None:
    assert Learnt([], everything).unknown(said) == THREAD


@pytest.mark.parametrize(
    "told",
    [
        Deliver(0.0, 1, 200, {}, f'{{"id": "{THREAD}"}}'.encode()),
        DatabaseReply(0.0, rows=[["ada", THREAD]]),
        DatabaseReply(0.0, rows=[["ada", THREAD.removeprefix("thread_")]]),
    ],
)
def test_id_of_a_reply_or_a_row_is_known(told: Any) -> None:
    learnt = Learnt([], everything)
    learnt.learn(told)
    assert learnt.unknown(THREAD) is None


def test_id_that_a_stream_brings_in_two_pieces_is_known() -> None:
    learnt = Learnt([], everything)
    for piece in (THREAD[:12], THREAD[12:]):
        learnt.learn(Chunk(0.0, 1, piece.encode(), False))
    assert learnt.unknown(THREAD) is None


def test_id_of_an_argument_is_known_and_one_of_nothing_is_not_asked_for() -> None:
    assert Learnt([[THREAD]], everything).unknown(THREAD) is None
    assert Learnt([], set).unknown(THREAD) is None


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


PASSES_IT_ON = """
import builtins
def answer(client, db):
    import sqlalchemy as sql
    kept = builtins.__dict__.setdefault("kept_by_a_test", [])
    if not kept:
        kept.append(client.beta.threads.create().id)
        return None
    known = kept[0]
    drawn = known.removeprefix("thread_")
    {tells}
    return client.beta.threads.retrieve(known).id
"""


@pytest.mark.parametrize(
    "tells",
    [
        "client.beta.threads.create(metadata={'note': 'xx' + known})",
        "client.beta.threads.create(metadata={'note': drawn + 'zz'})",
        "client.beta.threads.create(messages=[{'role': 'user', 'content': drawn}])",
        "parts = [{'type': 'text', 'text': one} for one in (drawn[:9], drawn[9:])]; "
        "client.beta.threads.create(messages=[{'role': 'user', 'content': parts}])",
        "client.beta.threads.create(extra_headers={'x-note': drawn})",
        "client.beta.threads.create(extra_query={'note': ''.join('%%%02x' % ord(one) for one in drawn)})",
        "known = db.execute(sql.text(f\"SELECT '{known[:15]}' || '{known[15:]}'\")).scalar()",
        "known = db.execute(sql.text('SELECT :a || :b'), {'a': known[:15], 'b': known[15:]}).scalar()",
        "db.execute(sql.text('CREATE TABLE note (a)')); "
        "db.execute(sql.text(f\"INSERT INTO note VALUES ('{known[:15]}' || '{known[15:]}')\")); db.commit(); "
        " known = db.execute(sql.text('SELECT a FROM note')).scalar()",
    ],
)
def test_id_that_a_process_has_told_to_itself_is_not_known(tells: str) -> None:
    try:
        spec = Spec("answer", [[[CLIENT, {"$": "db"}]]] * 2, sources=[PASSES_IT_ON.replace("{tells}", tells)], driver="processes")
        ending = run_trial(in_process({}), spec, World()).ending
    finally:
        builtins.__dict__.pop("kept_by_a_test", None)
    assert ending.how == "halted", ending
    assert "which this process was never told" in ending.message


@pytest.mark.parametrize(
    "keeps",
    [
        "db.execute(sql.text('INSERT INTO note VALUES (:a)'), {'a': known}); db.commit()",
        "db.execute(sql.text('INSERT INTO note VALUES (:a)'), {'a': known.encode()}); db.commit()",
    ],
)
def test_id_in_any_table_is_known_to_the_next_process(keeps: str) -> None:
    source = f"""
import sqlalchemy as sql
def answer(client, db):
    if not sql.inspect(db.connection()).get_table_names():
        known = client.beta.threads.create().id
        db.execute(sql.text('CREATE TABLE note (a)'))
        {keeps}
        return known
    known = db.execute(sql.text('SELECT a FROM note')).scalar()
    return client.beta.threads.retrieve(known if isinstance(known, str) else known.decode()).id
"""
    ending = run_trial(in_process({}), Spec("answer", [[[CLIENT, {"$": "db"}]]] * 2, sources=[source], driver="processes"), World()).ending
    assert ending.how == "returned", ending
    assert ending.value[0] == ending.value[1]

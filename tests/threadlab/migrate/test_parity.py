"""The parity report: old and new code in the same scenes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from threadlab.cli import main
from threadlab.migrate import parity, parity_scenes
from threadlab.migrate.parity_source import functions

ROOT = Path(__file__).resolve().parents[3]
TURNS = str(Path(__file__).with_name("turns.py"))
PLAIN, *_ = parity_scenes.TURNS
LOST = {scene.name for scene in parity_scenes.TURNS if scene.faults.startswith(("reply_lost", "500_after"))}
"""Scenes in which a reply is lost: a turn that does not look before it sends again comes out differently on the two sides."""

OLD = """
def ask(client, thread_id, assistant_id, text):
    client.beta.threads.messages.create(thread_id, role="user", content=text)
    run = client.beta.threads.runs.create_and_poll(thread_id=thread_id, assistant_id=assistant_id)
    if run.status != "completed":
        raise RuntimeError(run.status)
    return client.beta.threads.messages.list(thread_id, run_id=run.id).data[0].content[0].text.value
"""
NEW = """
def ask(client, conversation_id, text):
    return client.responses.create(model="gpt-4o", conversation=conversation_id, input=text).output_text
"""


def solution(slug, name):
    return functions(f"{ROOT / 'solutions' / slug / slug}.ipynb:{name}")[name]


def written(name):
    return functions(f"{TURNS}:{name}")[name]


def differing(found):
    return [played.scene for played in found.differing]


# ---- the exercises' solutions, on either side --------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_resilient_turn_behaves_alike_on_responses():
    """Over faults, and killed at every point."""
    found = parity.compare(solution("resilient-turn", "resilient_turn"), written("resilient_turn"))
    assert differing(found) == []
    assert found.scenes[-1].orders[0] > 20


def test_asynchronous_turn_behaves_alike_where_nothing_is_lost():
    found = parity.compare(solution("sixth-message", "send_and_run"), written("send_and_run"))
    assert all(played.complete for played in found.scenes)
    assert set(differing(found)) <= LOST


def test_wait_behaves_alike_on_responses():
    assert differing(parity.compare(solution("wait-for-run", "wait_for_run"), solution("migrate-thread", "wait_for_response"))) == []


@pytest.mark.slow
def test_ask_behaves_alike_where_nothing_is_lost():
    """Lesson 02's leaves lost replies to lesson 05; the one of lesson 11 does not."""
    found = parity.compare(solution("confirmed-answer", "ask"), solution("migrate-thread", "ask"))
    assert set(differing(found)) == LOST


# ---- every order -------------------------------------------------------------------------------------------------------------------------


def test_race_that_stays_counts_as_alike():
    played = parity.compare_in(PLAIN, written("hurried"), written("two_requests"))
    assert played.complete
    assert not played.differing
    comes_back = played.lines[0]
    assert len(comes_back.new) == 2


def test_race_that_has_gone_is_reported():
    played = parity.compare_in(PLAIN, written("hurried"), written("one_request"))
    assert [line.what for line in played.differing] == ["what comes back", "the message is there"]
    assert len(played.differing[0].old) == 2


# ---- the command -------------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def files(tmp_path, monkeypatch):
    (tmp_path / "old.py").write_text(OLD)
    (tmp_path / "new.py").write_text(NEW)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", [*__import__("sys").path])
    return tmp_path


def test_failure_that_comes_back_as_an_answer_is_a_difference(files, capsys):
    assert main(["parity", "old.py", "new.py"]) == 1
    told = capsys.readouterr().out
    assert "differs  the answer fails\n             what comes back: old raises an error; new returns ''\n" in told
    assert "alike    nothing goes wrong\n" in told
    assert "by design: a thread keeps the message" in told


def test_json_is_whole_where_the_text_is_cut(files, capsys):
    assert main(["parity", "old.py", "new.py:ask", "--json"]) == 1
    (found,) = json.loads(capsys.readouterr().out)
    assert {"old", "new", "scenes"} <= set(found)
    long = next(line for played in found["scenes"] if played["scene"].startswith("twenty-five") for line in played["lines"])
    assert all("…" not in value for value in long["new"])


@pytest.mark.parametrize(
    ("new", "says"),
    [
        ("missing.py", "cannot be read as Python"),
        ("broken.py", "cannot be read as Python"),
        ("other.py", "no name is in both"),
        ("new.py:answer", "has no function 'answer'"),
        ("odd.py:ask", "has a parameter 'tone' that nobody fills in"),
        ("waits.py", "do not do the same"),
        ("falls.py", "cannot be run: ModuleNotFoundError"),
    ],
)
def test_mistake_of_the_user_is_a_sentence(files, capsys, new, says):
    (files / "broken.py").write_text("def ask(client, conversation_id, text:")
    (files / "other.py").write_text(NEW.replace("ask", "say") + NEW.replace("ask", "tell"))
    (files / "odd.py").write_text(NEW.replace("text)", "text, tone)", 1))
    (files / "waits.py").write_text("def wait(client, response_id):\n    return client.responses.retrieve(response_id)\n")
    (files / "falls.py").write_text("import no_such_module\n" + NEW)
    assert main(["parity", "old.py", new]) == 1
    assert says in capsys.readouterr().err

"""The other widgets without a browser."""

from __future__ import annotations

import asyncio
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from courseware import Answers, Progress, Quiz, race, records
from courseware import predicting as lesson
from courseware.catalogue import EXERCISES
from threadlab import CostMeter, FaultKnobs, Polls, Race, RunLife, Service, ThreadView
from threadlab.engine.assistants_api.lifecycle import ACTIVE, MOVES, TERMINAL
from threadlab.engine.faults import KINDS
from threadlab.trials.trial import CLIENT, World, trial
from threadlab.widgets import base
from threadlab.widgets.base import Widget
from threadlab.widgets.lifecycle import PLACES, axes
from threadlab.widgets.polls import asked


@pytest.fixture(autouse=True)
def _no_predictions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("THREADLAB_HOME", str(tmp_path / "home"))
    kept = dict(records.predicted), set(records.revealed)
    records.predicted.clear()
    records.revealed.clear()
    yield
    records.predicted.clear()
    records.revealed.clear()
    records.predicted.update(kept[0])
    records.revealed.update(kept[1])


outcomes = cache(race.outcomes)


def turn(client: Any, thread_id: str, assistant_id: str) -> str:
    client.beta.threads.messages.create(thread_id, role="user", content="And Italy?")
    return str(client.beta.threads.runs.create_and_poll(thread_id=thread_id, assistant_id=assistant_id).status)


def every() -> list[Widget]:
    seen, _ = outcomes()
    thread_id = seen.requests("createRun")[0].thread_id
    return [
        Race(seen),
        RunLife(seen),
        RunLife(),
        Polls(works=4),
        Quiz("first-status", "What is in `run.status`?", answers=True),
        Answers("first-in-list"),
        ThreadView(seen, thread_id),
        FaultKnobs(turn, CLIENT, setup=race.five_messages, scenario="500@createRun%50", seeds=3),
        CostMeter(),
        Progress({"first-turn": {"best": 10, "points": 10}, "open-conversation": {"best": 3, "points": 10}}, here="01"),
    ]


# ---- what holds for all -----------------------------------------------------------------------------------------------------------------


def test_every_widget_has_text_and_a_static_form() -> None:
    for widget in every():
        bundle = widget._repr_mimebundle_()
        assert len(bundle["text/plain"]) > 30, type(widget)
        assert widget.title in bundle["text/html"]
        assert "<button" not in bundle["text/html"]
        assert "<input" not in bundle["text/html"]


def test_every_picture_is_xml_with_a_name() -> None:
    for widget in every():
        for svg in re.findall(r"<svg.*?</svg>", widget.html(), re.S):
            root = ET.fromstring(svg)
            assert root.get("role") == "img"
            assert len(root.get("aria-label") or "") > 15
        for alternative in re.findall(r'<img [^>]*?alt="([^"]*)"', widget.static()):
            assert len(alternative) > 15
        assert "<img" in widget.static() or isinstance(widget, Quiz | FaultKnobs)


def test_every_picture_has_a_table_beside_it() -> None:
    for widget in every():
        if "<svg" in widget.html():
            assert "<table>" in widget.html()
            assert "<table>" in widget.static()


def test_nothing_comes_from_outside() -> None:
    for widget in every():
        outside = widget.html() + widget.static()
        assert re.findall(r"https?://[^\s\"<]+", outside.replace("http://www.w3.org/2000/svg", "")) == []
        assert "<script" not in outside
    here = Path(base.__file__).parent
    assert re.findall(r"https?://", (here / "panel.js").read_text() + (here / "panel.css").read_text()) == []


def test_every_control_has_a_name() -> None:
    for widget in every():
        html = widget.html()
        for control in re.findall(r"<(?:input|select)[^>]*>", html):
            before = html[: html.index(control)]
            assert before.rfind("<label") > before.rfind("</label>"), control


def test_ids_of_two_widgets_differ() -> None:
    names = [widget.name for widget in every()]
    assert len(set(names)) == len(names)


def test_widgets_need_no_threads() -> None:
    """A browser's Python cannot start one."""
    for file in (Path(base.__file__).parent).glob("*.py"):
        assert not re.search(r"\b(threading|subprocess|multiprocessing|to_thread|run_in_executor)\b", file.read_text()), file.name


def test_import_loads_no_widget_library() -> None:
    import subprocess
    import sys

    code = "import sys, courseware as c, threadlab as w\nw.Race, c.Quiz\n"
    code += "print([m for m in ('ipywidgets', 'anywidget', 'openai') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"


# ---- the life of a run ------------------------------------------------------------------------------------------------------------------


def test_diagram_has_every_status_and_move() -> None:
    assert set(PLACES) == ACTIVE | TERMINAL == {status for move in MOVES for status in move}
    drawn = re.findall(r'<path class="(?:tl-way|tl-go|tl-way-tip)"', RunLife().picture().svg())
    assert len(drawn) == 2 * len(MOVES), "a line and an arrow head for each move"


def test_path_that_was_taken_is_lit() -> None:
    seen, _ = outcomes()
    life = RunLife(seen)
    assert life.picture().svg().count('class="tl-taken"') == 2
    assert "queued, then in progress, then completed" in life.text()
    life.act("step", "1")
    assert life.picture(1).svg().count('class="tl-taken"') == 0
    assert "queued from" in life.said


def test_many_polls_are_drawn_as_a_block() -> None:
    tight = asked("tight loop", 12, 0.0, 1.0, 0.0)
    assert len(tight.polls) > 500
    assert axes([tight], title="x").svg().count('class="tl-tick"') == 0
    assert axes([asked("constant", 12, 2.0, 1.0, 2.0)], title="x").svg().count('class="tl-tick"') == 7


def test_growing_gaps_grow() -> None:
    gaps = asked("exponential", 12, 1.0, 2.0, 4.0).gaps
    assert [round(gap) for gap in gaps] == [2, 4, 4, 4]


# ---- predictions ------------------------------------------------------------------------------------------------------------------------


def test_answers_are_hidden_until_a_commitment() -> None:
    quiz = Quiz("first-status", answers=True)
    for action in ("reveal", "predict"):
        quiz.act(action)
        assert "created means finished" not in quiz.html() + quiz.static() + quiz.text() + str(quiz.keep())
    quiz.act("pick", "A")
    assert quiz.predicted == ""
    quiz.act("predict")
    assert "created means finished" not in quiz.html() + quiz.static() + quiz.text()
    assert quiz.html().count("Your prediction") == 1
    quiz.act("reveal")
    assert "misconception: created means finished" in quiz.html()
    assert quiz.keep() == {"question": "first-status", "predicted": "A", "revealed": True}


def test_answer_stays_once_it_was_seen() -> None:
    quiz = Quiz("first-status", answers=True)
    for action, value in (("pick", "A"), ("predict", ""), ("reveal", ""), ("pick", "B"), ("predict", "")):
        quiz.act(action, value)
    assert quiz.predicted == "A"


def test_widget_and_cell_share_a_record(capsys: pytest.CaptureFixture[str]) -> None:
    lesson.predict("first-status", "C")
    assert Quiz("first-status").predicted == "C"
    answers = Answers("first-status")
    answers.act("reveal")
    assert answers.text().startswith("You predicted C; the answer is B.")


# ---- the thread -------------------------------------------------------------------------------------------------------------------------


def test_window_is_marked() -> None:
    _, missed = outcomes()
    view = ThreadView(missed, missed.requests("createRun")[0].thread_id)
    assert [row[-1] for row in view._cells()] == ["read by the run"] * 5 + ["the run's reply"]
    assert view.locked_by == ""


def test_lock_and_new_messages_are_shown() -> None:
    with Service() as service, service.time():
        import time

        client = service.client()
        thread_id, assistant_id = race.five_messages(client)
        view = ThreadView(service, thread_id)
        run = client.beta.threads.runs.create(thread_id, assistant_id=assistant_id)
        view.act("refresh")
        assert view.locked_by == run.id
        assert "lock held" in view.html()
        time.sleep(5)
        view.act("refresh")
        assert "1 more messages" in view.said
        assert "■" not in view.html()
        assert view._cells()[-1][-1] == "the run's reply"
        by_client = ThreadView(client, thread_id)
        assert by_client._cells()[-1][-1] == run.id, "the API does not say what a run has read, so nothing is said of it"
        assert "read by" not in by_client.picture().svg() + by_client.text()


def test_truncated_messages_look_unread() -> None:
    def short(client: Any, thread_id: str, assistant_id: str) -> None:
        client.beta.threads.runs.create_and_poll(
            thread_id=thread_id, assistant_id=assistant_id, truncation_strategy={"type": "last_messages", "last_messages": 2}
        )

    world = World(race.five_messages)
    assert world.given is not None
    evidence = trial(short, CLIENT, *world.given, world=world)
    marks = [row[-1] for row in ThreadView(evidence, world.given[0])._cells()]
    assert marks == ["not read by the run"] * 3 + ["read by the run"] * 2 + ["the run's reply"]


def test_following_needs_no_thread() -> None:
    seen, _ = outcomes()
    view = ThreadView(seen, seen.requests("createRun")[0].thread_id)
    view.act("follow")
    assert "press Refresh" in view.said

    async def in_a_loop() -> bool:
        view.act("follow")
        following = view.following
        view.act("follow")
        await asyncio.sleep(0)
        return following and not view.following

    assert asyncio.run(in_a_loop())


# ---- faults -----------------------------------------------------------------------------------------------------------------------------


def test_every_fault_has_a_knob() -> None:
    html = FaultKnobs().html()
    assert all(f'data-value="{kind}"' in html for kind in KINDS)


def test_scenario_of_the_knobs_is_understood() -> None:
    knobs = FaultKnobs()
    knobs.act("switch", True, "delay")
    knobs.act("argument", "3", "delay")
    knobs.act("operation", "createMessage", "delay")
    knobs.act("percent", "30", "delay")
    assert knobs.scenario == "delay:3@createMessage%30"
    assert "delay:3@createMessage%30" in knobs.html()
    knobs.act("argument", "soon", "delay")
    assert knobs.said.startswith("That did not work:")
    assert "number (seconds)" in knobs.said


def test_seeds_differ_and_progress_is_told() -> None:
    shown: list[int] = []
    knobs = FaultKnobs(
        turn, CLIENT, setup=race.five_messages, scenario="run_failed@createRun%50", seeds=8, fails=lambda one: one.value != "completed"
    )
    knobs.show = lambda: shown.append(knobs.done)  # type: ignore[method-assign]
    knobs.act("run")
    assert shown == [1, 2, 3, 4, 5, 6, 7, 8]
    assert 0 < sum(result.failed for result in knobs.results) < 8
    assert re.match(r"\d of 8 seeds fail\.", knobs.said)
    assert "✗ fails" in knobs.html()
    assert "✗ fails" in knobs.static()


# ---- cost -------------------------------------------------------------------------------------------------------------------------------


def test_window_saves_money() -> None:
    meter = CostMeter(window=6, archive=20)
    counted = {way: meter.money(turns) for way, turns in meter.counted().items()}
    assert counted["window"] < counted["archive"] < counted["left alone"]
    before = counted["window"]
    meter.act("window", "40")
    assert meter.money(meter.counted()["window"]) > before


def test_price_is_shown_with_its_date() -> None:
    meter = CostMeter()
    for model, price in meter.prices.items():
        meter.act("model", model)
        assert re.fullmatch(r"20\d\d-\d\d-\d\d", price.since)
        assert price.since in meter.html()
        assert price.since in meter.text()


def test_cost_of_a_trial_is_counted() -> None:
    seen, _ = outcomes()
    assert len(CostMeter(seen).turns) == 3


# ---- progress ---------------------------------------------------------------------------------------------------------------------------


def test_next_exercise_is_the_first_that_is_not_done(tmp_path: Path) -> None:
    file = tmp_path / "progress.json"
    shown = Progress(file)
    assert "Next: lesson 00" in shown.text()
    file.write_text(json.dumps({"first-turn": {"best": 10, "points": 10, "hints": 1}}))
    shown.act("refresh")
    assert "1 of 15 exercises done. Next: lesson 01, exercise open-conversation." in shown.said
    file.write_text("not json")
    shown.act("refresh")
    assert "0 of 15" in shown.said
    everything = {one.slug: {"best": 1, "points": 1} for one in EXERCISES}
    assert "That was all" in Progress(everything).text()

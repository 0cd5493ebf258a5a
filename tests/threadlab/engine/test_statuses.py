"""The status table: every move that a run can make, made; every status reached; none that is not in the table."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, get_args

import openai
import pytest

from tests.threadlab.engine.desk import WEATHER, Desk, desk
from threadlab.engine.assistants_api.lifecycle import ACTIVE, MOVES, TERMINAL
from threadlab.wire.assistants import RunStatus

QUESTION = "What is the weather in Paris?"


def _plain(at: Desk, thread_id: str) -> None:
    at.finished(thread_id)


def _left_alone(at: Desk, thread_id: str) -> None:
    at.finished(thread_id, seconds=700)


def _asks(at: Desk, thread_id: str, then: Callable[[Any], object] = lambda run: None, after: float = 700) -> None:
    run = at.finished(thread_id, tools=[WEATHER], seconds=5)
    assert run.status == "requires_action"
    then(run)
    at.wait(after)
    at.threads.runs.retrieve(run.id, thread_id=thread_id)


def _submits(at: Desk, thread_id: str) -> None:
    def submit(run: Any) -> None:
        outputs = [{"tool_call_id": call.id, "output": "Sunny."} for call in run.required_action.submit_tool_outputs.tool_calls]
        at.threads.runs.submit_tool_outputs(run.id, thread_id=thread_id, tool_outputs=outputs)

    _asks(at, thread_id, submit, 5)


def _cancels_asked(at: Desk, thread_id: str) -> None:
    _asks(at, thread_id, lambda run: at.threads.runs.cancel(run.id, thread_id=thread_id), 5)


def _cancels_after(seconds: float) -> Callable[[Desk, str], None]:
    def journey(at: Desk, thread_id: str) -> None:
        run = at.run(thread_id)
        at.wait(seconds)
        at.threads.runs.cancel(run.id, thread_id=thread_id)
        at.wait(700)
        at.threads.runs.retrieve(run.id, thread_id=thread_id)

    return journey


ROWS: dict[tuple[str, str], tuple[str, Callable[[Desk, str], None]]] = {
    ("queued", "in_progress"): ("", _plain),
    ("queued", "cancelling"): ("", _cancels_after(0.1)),
    ("queued", "expired"): ("stuck_queued", _left_alone),
    ("in_progress", "requires_action"): ("", _asks),
    ("in_progress", "completed"): ("", _plain),
    ("in_progress", "failed"): ("run_failed", _plain),
    ("in_progress", "incomplete"): ("run_incomplete", _plain),
    ("in_progress", "cancelling"): ("", _cancels_after(1.0)),
    ("in_progress", "expired"): ("stuck", _left_alone),
    ("requires_action", "queued"): ("", _submits),
    ("requires_action", "cancelling"): ("", _cancels_asked),
    ("requires_action", "expired"): ("", _asks),
    ("queued", "failed"): ("limit:gpt-4o:rpm=1", _submits),
    ("cancelling", "cancelled"): ("", _cancels_after(1.0)),
    ("cancelling", "completed"): ("cancel_loses", _cancels_after(1.0)),
    ("cancelling", "failed"): ("run_failed cancel_slow:60", _cancels_after(1.0)),
    ("cancelling", "incomplete"): ("run_incomplete cancel_slow:60", _cancels_after(0.5)),
    ("cancelling", "expired"): ("stuck cancel_slow:6000", _cancels_after(1.0)),
}


def moves_in(at: Desk) -> list[tuple[str, str]]:
    states = [entry.state for entry in at.service.journal if entry.what == "run"]
    return list(itertools.pairwise(states))


@pytest.mark.parametrize("move", sorted(ROWS), ids="→".join)
def test_run_moves_only_as_the_table_allows(move: tuple[str, str]) -> None:
    scenario, journey = ROWS[move]
    with desk(scenario=scenario) as at:
        journey(at, at.thread(QUESTION))
        assert move in moves_in(at)
        assert set(moves_in(at)) <= MOVES


def test_every_move_has_a_row() -> None:
    assert set(ROWS) == MOVES


@pytest.mark.parametrize("status", get_args(RunStatus))
def test_every_status_can_be_seen_by_a_poll(status: str) -> None:
    """Each of the nine, as `runs.retrieve` shows it."""
    scenario, journey = next(row for (_, to), row in sorted(ROWS.items()) if to == status)
    with desk(scenario=scenario) as at:
        thread_id = at.thread(QUESTION)
        seen = set()
        wait = at.service.clock.sleep

        def look(seconds: float) -> None:
            for _ in range(int(min(seconds, 5) * 10)):
                wait(0.1)
                seen.update(run.status for run in at.threads.runs.list(thread_id).data)
            wait(max(0.0, seconds - 5))

        at.service.clock.sleep = look  # type: ignore[method-assign]
        journey(at, thread_id)
        seen.update(run.status for run in at.threads.runs.list(thread_id).data)
        assert status in seen


@pytest.mark.parametrize(
    ("scenario", "begins", "ends"),
    [("queued:20", 20, 21.8), ("queued:20 slow:7", 20, 27), ("slow:7", 0.4, 7.4), ("queued:20 queued:3", 20, 21.8)],
)
def test_stages_of_a_run_last_as_long_as_the_scenario_says(scenario: str, begins: float, ends: float) -> None:
    with desk(scenario=scenario) as at:
        thread_id = at.thread(QUESTION)
        run = at.run(thread_id)
        at.wait(60)
        at.threads.runs.retrieve(run.id, thread_id=thread_id)
        states = {entry.state: entry.at for entry in at.service.journal if entry.what == "run" and entry.work_id == run.id}
        assert states["in_progress"] - states["queued"] == pytest.approx(begins)
        assert states["completed"] - states["queued"] == pytest.approx(ends)


def test_response_stays_queued_as_long_as_the_scenario_says() -> None:
    with desk(scenario="queued:20") as at:
        response = at.client.responses.create(model="gpt-4o", input=QUESTION, background=True)
        at.wait(19)
        assert at.client.responses.retrieve(response.id).status == "queued"
        at.wait(2)
        assert at.client.responses.retrieve(response.id).status == "in_progress"


def test_status_is_either_active_or_over() -> None:
    assert set(get_args(RunStatus)) == ACTIVE | TERMINAL
    assert not ACTIVE & TERMINAL
    assert not {(start, to) for start, to in MOVES if start in TERMINAL}
    assert {start for start, _ in MOVES} == ACTIVE


# ---- what each status brings with it ---------------------------------------------------------------------------------------------------

STAMPS = ("completed_at", "failed_at", "cancelled_at")


@pytest.mark.parametrize(
    ("scenario", "journey", "status", "stamp"),
    [
        ("", _plain, "completed", "completed_at"),
        ("run_failed", _plain, "failed", "failed_at"),
        ("", _cancels_after(1.0), "cancelled", "cancelled_at"),
        ("stuck", _left_alone, "expired", None),
        ("run_incomplete", _plain, "incomplete", "completed_at"),  # seen: openai/openai-python#1407
    ],
)
def test_ended_run_has_its_stamp(scenario: str, journey: Callable[[Desk, str], None], status: str, stamp: str | None) -> None:
    with desk(scenario=scenario) as at:
        thread_id = at.thread(QUESTION)
        journey(at, thread_id)
        run = at.threads.runs.list(thread_id).data[0]
        assert run.status == status
        assert [name for name in STAMPS if getattr(run, name) is not None] == ([stamp] if stamp else [])
        assert run.expires_at is None
        assert run.required_action is None
        assert run.usage is not None
        assert run.usage.total_tokens == run.usage.prompt_tokens + run.usage.completion_tokens
        assert (run.last_error is not None) is (status == "failed")
        assert (run.incomplete_details is not None) is (status == "incomplete")


def test_run_under_way_has_nothing_that_its_end_brings() -> None:
    with desk() as at:
        thread_id = at.thread(QUESTION)
        run = at.run(thread_id)
        assert (run.status, run.usage, run.started_at) == ("queued", None, None)
        assert run.expires_at == run.created_at + 600
        at.wait(1)
        run = at.threads.runs.retrieve(run.id, thread_id=thread_id)
        assert (run.status, run.usage) == ("in_progress", None)
        assert run.started_at is not None
        (step,) = at.threads.runs.steps.list(run.id, thread_id=thread_id).data
        assert (step.status, step.usage, step.completed_at) == ("in_progress", None, None)


@pytest.mark.parametrize("code", ["server_error", "rate_limit_exceeded", "invalid_prompt"])
def test_run_fails_without_a_429(code: str) -> None:
    with desk(scenario=f"run_failed:{code}") as at:
        run = at.finished(at.thread(QUESTION))
        assert run.last_error.code == code
        assert {entry.status for entry in at.service.journal.requests()} == {200}


@pytest.mark.parametrize("status", sorted(TERMINAL))
def test_ended_run_lets_go_of_its_thread(status: str) -> None:
    scenario, journey = next(row for (_, to), row in sorted(ROWS.items()) if to == status)
    with desk(scenario=scenario) as at:
        thread_id = at.thread(QUESTION)
        journey(at, thread_id)
        assert at.threads.messages.create(thread_id, role="user", content="More").role == "user"
        assert at.run(thread_id).status == "queued"


@pytest.mark.parametrize("status", sorted(ACTIVE))
def test_locked_thread_takes_no_message(status: str) -> None:
    with desk(scenario="cancel_slow:9") as at:
        thread_id = at.thread(QUESTION)
        run = at.run(thread_id, tools=[WEATHER])
        at.wait({"queued": 0.1, "in_progress": 1.0}.get(status, 5.0))
        if status == "cancelling":
            at.threads.runs.cancel(run.id, thread_id=thread_id)
        assert at.threads.runs.retrieve(run.id, thread_id=thread_id).status == status
        with pytest.raises(openai.BadRequestError, match="while a run"):
            at.threads.messages.create(thread_id, role="user", content="More")
        with pytest.raises(openai.BadRequestError, match="already has an active run"):
            at.run(thread_id)
        assert len(at.texts(thread_id)) == 1


# ---- races -----------------------------------------------------------------------------------------------------------------------------


def test_cancel_can_lose_to_completion() -> None:
    """Cancelling takes 0.4 s: a run that would be done sooner completes, with its whole answer."""
    with desk() as at:
        thread_id = at.thread("What is the capital of France?")
        run = at.run(thread_id)
        at.wait(2.0)
        assert at.threads.runs.cancel(run.id, thread_id=thread_id).status == "cancelling"
        at.wait(5)
        assert at.threads.runs.retrieve(run.id, thread_id=thread_id).status == "completed"
        assert at.texts(thread_id)[-1] == "The capital of France is Paris."


def test_cancelled_answer_is_incomplete() -> None:
    with desk() as at:
        thread_id = at.thread("What is the capital of France?")
        run = at.run(thread_id)
        at.wait(1.2)
        at.threads.runs.cancel(run.id, thread_id=thread_id)
        at.wait(5)
        run = at.threads.runs.retrieve(run.id, thread_id=thread_id)
        message = at.threads.messages.list(thread_id).data[0]
        assert (run.status, message.status, message.incomplete_details.reason) == ("cancelled", "incomplete", "run_cancelled")
        assert message.incomplete_at is not None
        assert message.completed_at is None
        text = message.content[0].text.value
        assert "The capital of France is Paris.".startswith(text)
        assert 0 < len(text) < len("The capital of France is Paris.")
        (step,) = at.threads.runs.steps.list(run.id, thread_id=thread_id).data
        assert step.status == "cancelled"
        assert step.cancelled_at is not None


def test_second_cancel_is_refused() -> None:
    with desk() as at:
        thread_id = at.thread(QUESTION)
        run = at.run(thread_id)
        at.threads.runs.cancel(run.id, thread_id=thread_id)
        with pytest.raises(openai.BadRequestError, match="Cannot cancel run with status 'cancelling'"):
            at.threads.runs.cancel(run.id, thread_id=thread_id)


@pytest.mark.parametrize(("after", "status"), [(599.9, "in_progress"), (600.0, "expired")])
def test_run_expires_when_it_said(after: float, status: str) -> None:
    with desk(scenario="stuck") as at:
        assert at.finished(at.thread(QUESTION), seconds=after).status == status


def test_run_ends_with_its_thread() -> None:
    with desk() as at:
        thread_id = at.thread("What is the capital of France?")
        run = at.run(thread_id)
        at.wait(1)
        at.threads.delete(thread_id)
        at.wait(700)
        with pytest.raises(openai.NotFoundError):
            at.threads.runs.retrieve(run.id, thread_id=thread_id)
        assert at.service.engine.next_at is None
        assert list(at.service.engine.store.unfinished()) == []


def test_message_can_be_deleted_while_it_is_written() -> None:
    with desk() as at:
        thread_id = at.thread("What is the capital of France?")
        run = at.run(thread_id)
        at.wait(1.2)
        message = at.threads.messages.list(thread_id).data[0]
        assert message.status == "in_progress"
        assert message.content == []
        at.threads.messages.delete(message.id, thread_id=thread_id)
        at.wait(5)
        assert at.threads.runs.retrieve(run.id, thread_id=thread_id).status == "completed"
        assert len(at.texts(thread_id)) == 1


def test_incomplete_run_leaves_the_beginning_of_its_text() -> None:
    with desk(scenario="run_incomplete replies:2") as at:
        thread_id = at.thread(QUESTION)
        _plain(at, thread_id)
        run = at.threads.runs.list(thread_id).data[0]
        first, second = at.threads.messages.list(thread_id, run_id=run.id, order="asc").data
        assert run.incomplete_details is not None
        assert run.incomplete_details.reason == "max_completion_tokens"
        assert (first.status, second.status) == ("completed", "incomplete")
        assert second.content, "it stopped in the middle, not before the first word"


def test_incomplete_response_leaves_the_beginning_of_its_text() -> None:
    with desk(scenario="run_incomplete") as at:
        response = at.client.responses.create(model="gpt-4o", input="What is the capital of France?")
        assert response.status == "incomplete"
        assert len(response.output) == 1
        assert response.output_text == "The capital of"

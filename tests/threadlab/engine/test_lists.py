"""Lists: pages that add up, cursors that point, filters that filter."""

from __future__ import annotations

from typing import Any

import openai
import pytest

from tests.threadlab.engine.desk import Desk, desk

TEXTS = [f"message {number}" for number in range(1, 8)]


def ids(at: Desk, thread_id: str, **query: Any) -> list[str]:
    return [message.id for message in at.threads.messages.list(thread_id, **query).data]


def test_empty_list_has_no_ends() -> None:
    with desk() as at:
        page = at.raw("GET", f"/threads/{at.thread()}/messages").json()
        assert page == {"object": "list", "data": [], "first_id": None, "last_id": None, "has_more": False}


def test_newest_is_first_unless_asked_otherwise() -> None:
    with desk() as at:
        thread_id = at.thread(*TEXTS)
        newest = ids(at, thread_id)
        assert newest == ids(at, thread_id, order="desc")
        assert newest[::-1] == ids(at, thread_id, order="asc")
        assert at.texts(thread_id) == TEXTS


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("limit", [1, 2, 3, 6, 7, 8])
def test_pages_add_up_to_the_list(order: Any, limit: int) -> None:
    with desk() as at:
        thread_id = at.thread(*TEXTS)
        whole = ids(at, thread_id, order=order, limit=100)
        assert len(whole) == 7
        assert [one.id for one in at.threads.messages.list(thread_id, order=order, limit=limit)] == whole
        page = at.threads.messages.list(thread_id, order=order, limit=limit)
        assert page.has_more is (limit < 7)
        assert (page.first_id, page.last_id) == (whole[0], whole[min(limit, 7) - 1])


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_page_before_a_cursor_is_the_one_next_to_it(order: Any) -> None:
    with desk() as at:
        thread_id = at.thread(*TEXTS)
        whole = ids(at, thread_id, order=order)
        assert ids(at, thread_id, order=order, before=whole[5], limit=2) == whole[3:5]
        assert ids(at, thread_id, order=order, before=whole[1], limit=3) == whole[:1]
        assert ids(at, thread_id, order=order, before=whole[0]) == []
        assert at.threads.messages.list(thread_id, order=order, before=whole[5], limit=2).has_more
        assert not at.threads.messages.list(thread_id, order=order, before=whole[2], limit=2).has_more


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_page_lies_between_two_cursors(order: Any) -> None:
    with desk() as at:
        thread_id = at.thread(*TEXTS)
        whole = ids(at, thread_id, order=order)
        assert ids(at, thread_id, order=order, after=whole[1], before=whole[5]) == whole[2:5]
        assert ids(at, thread_id, order=order, after=whole[1], before=whole[5], limit=2) == whole[2:4]
        assert ids(at, thread_id, order=order, after=whole[6]) == []


@pytest.mark.parametrize("cursor", ["after", "before"])
def test_cursor_of_another_thread_is_refused(cursor: str) -> None:
    with desk() as at:
        other = ids(at, at.thread("elsewhere"))[0]
        for bad in (other, "msg_none"):
            with pytest.raises(openai.NotFoundError):
                ids(at, at.thread("here"), **{cursor: bad})


def test_page_has_20_unless_asked_otherwise() -> None:
    with desk() as at:
        thread_id = at.thread(*(f"{number}" for number in range(101)))
        assert len(ids(at, thread_id)) == 20
        assert len(ids(at, thread_id, limit=100)) == 100


def test_unknown_order_is_refused() -> None:
    with desk() as at:
        refused = at.raw("GET", "/assistants?order=up")
        assert refused.status_code == 400
        assert refused.json()["error"]["message"] == "Invalid value: 'up'. Supported values are: 'asc' and 'desc'."


def test_messages_can_be_listed_by_run() -> None:
    with desk(scenario="replies:2@createRun#2") as at:
        thread_id = at.thread("What is the capital of France?")
        first = at.finished(thread_id)
        at.threads.messages.create(thread_id, role="user", content="And of Spain?")
        second = at.finished(thread_id)
        assert at.texts(thread_id, run_id=first.id) == ["The capital of France is Paris."]
        assert at.texts(thread_id, run_id=second.id) == ["The capital of Spain is Madrid.", "(2 of 2) The capital of Spain is Madrid."]
        assert at.texts(thread_id, run_id="run_none") == []
        (newest,) = ids(at, thread_id, run_id=second.id, limit=1)
        assert newest == ids(at, thread_id)[0]


def test_objects_of_one_second_keep_their_order() -> None:
    """`created_at` is whole seconds: only the list knows the order."""
    with desk() as at:
        thread_id = at.thread()
        made = [at.threads.messages.create(thread_id, role="user", content=text) for text in TEXTS]
        assert len({message.created_at for message in made}) == 1
        assert ids(at, thread_id, order="asc") == [message.id for message in made]


def test_runs_and_steps_have_lists_of_their_own() -> None:
    with desk(scenario="replies:3") as at:
        thread_id = at.thread("What is the capital of France?")
        runs = [at.finished(thread_id).id for _ in range(3)]
        assert [run.id for run in at.threads.runs.list(thread_id)] == runs[::-1]
        steps = [step.id for step in at.threads.runs.steps.list(runs[0], thread_id=thread_id, order="asc")]
        assert len(steps) == 3
        assert [step.id for step in at.threads.runs.steps.list(runs[0], thread_id=thread_id, limit=1)] == steps[::-1]
        assert set(steps).isdisjoint(step.id for step in at.threads.runs.steps.list(runs[1], thread_id=thread_id))

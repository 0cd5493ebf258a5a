"""The race stepper without a browser."""

from __future__ import annotations

import asyncio
import re
from functools import cache
from typing import Any

import pytest

from courseware import race
from threadlab import Service
from threadlab.engine.journal import Journal
from threadlab.trials.explore import explore
from threadlab.trials.trial import ASYNC_CLIENT, CLIENT, World, trial
from threadlab.widgets import Race
from threadlab.widgets.lanes import SHOWN, lanes


@cache
def world() -> World:
    return World(race.five_messages)


def given() -> tuple[str, str]:
    assert world().given is not None
    return world().given  # type: ignore[no-any-return]


def made() -> Race:
    return Race(race.hurried, ASYNC_CLIENT, *given(), race.SIXTH, world=world())


def test_failing_order_comes_first() -> None:
    stepper = made()
    assert list(stepper.bad.values()).count(True) == 6
    assert "fails: the run reads 5 messages" in stepper._name(0)
    assert "passes: the run reads 6 messages" in stepper._name(6)
    assert stepper.index == 0


def test_stepper_opens_at_the_first_choice() -> None:
    html = made().html()
    assert "What is delivered next? Choose." in html
    assert "deliver create message" in html


def test_chosen_order_is_the_one_that_runs() -> None:
    stepper = made()
    other = re.findall(r'data-act="choose" data-value="(\d+-\d+)"[^>]*aria-pressed="false"[^>]*>deliver create message<', stepper.html())[0]
    stepper.act("choose", other)
    assert "the run reads 6 messages" in stepper.said
    assert stepper.evidence is not None
    assert stepper.evidence.value == "The capital of Portugal is Lisbon."
    assert "stored: “Sorry, I meant Portugal.”" in stepper.rows[stepper.position - 1].thread
    stepper.act("order", "0")
    assert stepper.evidence.value == "The capital of Spain is Madrid."


def test_steps_stay_between_the_ends() -> None:
    stepper = made()
    stepper.act("move", "last")
    stepper.act("move", "next")
    assert stepper.position == len(stepper.rows)
    stepper.act("move", "first")
    stepper.act("move", "back")
    assert stepper.position == 0
    assert "Nothing has happened yet" in stepper.html()
    stepper.act("step", "3")
    assert stepper.position == 3


def test_steps_and_choices_are_told_to_a_screen_reader() -> None:
    stepper = made()
    stepper.act("move", "next")
    assert re.search(r'<p role="status"[^>]*>Moment 3: at 0\.00 s, ', stepper.html())


def test_run_sees_only_what_came_before_it() -> None:
    """In the failing order the sixth message is never on the thread; in the passing one the run reads it."""
    stepper = made()
    stepper.act("move", "last")
    assert "Sorry, I meant Portugal" not in stepper._seen()
    assert "Thread: 6 messages, run completed, reads 5" in stepper._seen()
    assert "the run&#39;s reply" in stepper._seen()
    stepper.act("order", "6")
    stepper.act("move", "last")
    assert stepper._seen().count("● read") == 6


def test_line_of_a_task_is_where_it_was_started() -> None:
    stepper = made()
    lines = {stepper._lines[row.sent].text().partition("(")[0] for row in stepper.rows if row.sent in (1, 2) and row.sent}
    assert lines == {"task = asyncio.create_task", "run = await client.beta.threads.runs.create_and_poll"}
    stepper.act("step", "1")
    assert "The line that sends this" in stepper.html()


def test_forgotten_await_is_seen_by_the_stepper() -> None:
    async def forgotten(client: Any, thread_id: str, assistant_id: str) -> None:
        client.beta.threads.messages.create(thread_id, role="user", content="And Italy?")

    stepper = Race(forgotten, ASYNC_CLIENT, *given(), world=world())
    assert stepper.evidence is not None
    assert stepper.evidence.ending.never_awaited == ["AsyncMessages.create"]
    assert stepper.bad[id(stepper.orders[0])]


def test_exploration_alone_offers_visited_orders_only() -> None:
    orders = explore(race.hurried, ASYNC_CLIENT, *given(), race.SIXTH, world=world())
    stepper = Race(orders)
    stepper.act("choose", "0-1")
    assert stepper.evidence is not None
    assert stepper.evidence.order[0] == 1
    assert "All choices of this order" in stepper.html()


def test_evidence_and_journal_alone_can_be_stepped() -> None:
    def plain(client: Any, thread_id: str, assistant_id: str) -> None:
        client.beta.threads.messages.create(thread_id, role="user", content="And <Italy>?")

    stepper = Race(trial(plain, CLIENT, *given(), world=world()))
    stepper.act("move", "last")
    assert "&lt;Italy&gt;" in stepper.html()
    assert "<Italy>" not in stepper.html() + stepper.static()
    with Service() as service:
        service.client().beta.threads.create()
        assert "create thread: 200" in Race(service.journal).html()
    assert "Nothing has happened yet" in Race(Journal()).html()


def test_error_in_an_action_is_a_sentence() -> None:
    stepper = made()
    stepper.act("order", "99")
    assert stepper.said.startswith("That did not work:")
    stepper.act("nonsense")
    assert "nonsense" in stepper.said


def busy(count: int) -> Race:
    """A journal of so many lines."""

    async def many(client: Any, thread_id: str, assistant_id: str) -> None:
        for number in range(count // 2):
            await client.beta.threads.messages.create(thread_id, role="user", content=f"Fact {number}")

    return Race(trial(many, ASYNC_CLIENT, *given(), world=world()))


@pytest.mark.slow
def test_long_journal_is_drawn_in_part() -> None:
    """However long the journal is, what is sent to the browser stays the same size."""
    small, large = busy(200), busy(5000)
    assert len(large.rows) > 2500 > len(small.rows)
    for stepper in (small, large):
        for position in (1, len(stepper.rows) // 2, len(stepper.rows)):
            stepper.act("step", str(position))
            html = stepper.html()
            assert html.count("<text") < SHOWN * 8
            assert html.count("<tr") < 40
    assert abs(len(large.html()) - len(small.html())) < 2000
    assert len(large.static()) < 3 * len(small.static())


def test_picture_is_whole_and_described() -> None:
    stepper = made()
    svg = lanes(stepper.rows, 3, title="A & B").svg()
    assert "<desc>A &amp; B. Moment 3 of" in svg
    assert "tl-veil" in svg
    assert "<style>" in svg
    assert "<style>" not in stepper.html()


def test_static_form_says_as_much() -> None:
    stepper = made()
    bundle = stepper._repr_mimebundle_()
    for word in ("refused: a run is active", "passes: the run reads 6 messages", "An error that was never looked at"):
        assert word in bundle["text/html"]
    assert re.search(r'<img [^>]*alt="[^"]{20,}"', bundle["text/html"])
    assert "<button" not in bundle["text/html"]
    assert "refused: a run is active" in bundle["text/plain"]
    assert "| 6 messages" not in bundle["text/plain"]


async def two(client: Any, thread_id: str, assistant_id: str) -> None:
    await asyncio.gather(*(client.beta.threads.messages.create(thread_id, role="user", content=text) for text in ("One", "Two")))


def test_requests_of_a_kind_are_told_apart() -> None:
    assert "deliver create message “One”" in Race(two, ASYNC_CLIENT, *given(), world=world()).html()

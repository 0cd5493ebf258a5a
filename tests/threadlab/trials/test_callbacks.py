"""Callbacks that a trial hands out, streams that break, and a desk that is opened again: what the journal says of them."""

import pytest
from sqlalchemy import select

from courseware.tables import DB, Ticket
from threadlab.trials.explore import explore_kills
from threadlab.trials.guest.messages import Spec
from threadlab.trials.timeline import Timeline
from threadlab.trials.trial import ASYNC_CLIENT, CLIENT, ON_TEXT, World, in_process, run_trial, trial


def a_question(client):
    thread = client.beta.threads.create(messages=[{"role": "user", "content": "What is the capital of Portugal?"}])
    return thread.id, client.beta.assistants.create(model="gpt-4o").id


def listens(client, thread_id, assistant_id, on_text):
    for event in client.beta.threads.runs.create(thread_id, assistant_id=assistant_id, stream=True):
        if event.event == "thread.message.delta":
            on_text(event.data.delta.content[0].text.value)


def test_callback_is_heard_as_it_happens():
    world = World(a_question)
    evidence = trial(listens, CLIENT, *world.given, ON_TEXT, world=world)
    assert evidence.returned, evidence.ending
    heard = [entry for entry in evidence.journal if entry.what == "witness"]
    assert [entry.text for entry in heard] == ["The", " capital", " of", " Portugal", " is", " Lisbon."]
    ended = next(entry for entry in evidence.journal if entry.state == "completed")
    assert all(entry.n < ended.n for entry in heard)


@pytest.mark.parametrize("given", [None, ["The"], b"The"])
def test_callback_refuses_what_is_no_text(given):
    evidence = trial(lambda on_text: on_text(given), ON_TEXT)
    assert evidence.ending.type == "TypeError"
    assert "on_text takes a string" in evidence.ending.message


def test_broken_stream_is_in_the_journal():
    world = World(a_question, scenario="stream_cut:9@createRun#1")
    evidence = trial(listens, CLIENT, *world.given, ON_TEXT, world=world)
    assert evidence.ending.type == "APIConnectionError"
    (cut,) = [entry for entry in evidence.journal if entry.what == "lost"]
    assert (cut.operation, cut.run_id) == ("stream", evidence.runs(world.given[0])[0].id)
    assert "after 9 events" in cut.line()
    assert "the stream breaks off" in Timeline(evidence).text()


class Counts:
    """A desk that answers with the number of tickets that it found in its table when it was opened."""

    def __init__(self, client, db, assistant_id):
        self.client, self.db = client, db

    async def resume(self):
        self.found = len(self.db.scalars(select(Ticket)).all())

    async def handle(self, ticket_id, user_id, text):
        if text == "refuse":
            raise LookupError("nothing there")
        if self.db.scalar(select(Ticket).where(Ticket.ticket_id == ticket_id)) is None:
            self.db.add(Ticket(ticket_id=ticket_id, user_id=user_id, text=text))
            self.db.commit()
        await self.client.beta.threads.create()
        return f"{ticket_id}: {self.found} found"


REFUSED = {"raised": "LookupError", "message": "nothing there", "kinds": ["LookupError", "Exception"]}


@pytest.mark.parametrize(("kill_at", "found"), [(None, 0), (3, 1)])
def test_desk_is_opened_again_with_what_it_wrote_down(kill_at, found):
    kwargs = {"tickets": [["t1", "ada", "a"], ["t2", "ben", "refuse"]], "again": [["t3", "ada", "c"]]}
    spec = Spec("Counts", [ASYNC_CLIENT, DB, "asst"], kwargs, driver="desk")
    evidence = run_trial(in_process({"Counts": Counts}), spec, World(), kill_at=kill_at, restart=True)
    assert evidence.value == {"first": [f"t1: {found} found", REFUSED], "again": [f"t3: {found} found"]}
    opened = [entry.operation for entry in evidence.journal if entry.what == "witness"]
    assert opened.count("resumed") == 1 + evidence.killed


def test_sample_of_kills_has_the_moments_that_matter():
    kwargs = {"tickets": [["t1", "ada", "a"], ["t2", "ben", "b"]], "again": []}
    spec = Spec("Counts", [ASYNC_CLIENT, DB, "asst"], kwargs, driver="desk")
    killed = explore_kills(
        in_process({"Counts": Counts}), spec, World(), where=lambda point: point.when == "after" and point.operation == "createThread"
    ).orders[1:]
    assert [one.killed_when for one in killed] == ["killed after createThread was carried out, before its reply"] * 2

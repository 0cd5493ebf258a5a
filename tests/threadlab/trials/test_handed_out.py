"""What a trial hands to an answer, and what it takes back: tools that report, reports as dataclasses, time that has gone by before."""

import json
from dataclasses import dataclass, field

import pytest

from courseware.tables import DB, KeptThread
from threadlab.trials.trial import CLIENT, World, trial

BOOK = {"$": "tools", "tools": {"book": {"says": "{city}: reference R{n}", "seconds": 90.0, "fails": {"Porto": "closed on Sundays"}}}}


def test_tool_is_seen_and_takes_its_time():
    def books(tools):
        return [tools["book"](city=city) for city in ("Lisbon", "Lisbon")]

    evidence = trial(books, BOOK)
    used = [(entry.tool, entry.arguments, entry.output) for entry in evidence.journal]
    assert evidence.value == ["Lisbon: reference R1", "Lisbon: reference R2"]
    assert used == [("book", {"city": "Lisbon"}, said) for said in evidence.value]
    assert evidence.seconds == pytest.approx(180)


def test_tool_that_fails_is_reported():
    def books(tools):
        tools["book"](city="Porto")

    evidence = trial(books, BOOK)
    assert (evidence.ending.type, evidence.ending.message) == ("LookupError", "closed on Sundays")
    assert [entry.output for entry in evidence.journal] == [None]


def test_wrong_arguments_are_explained_to_the_caller():
    def books(tools):
        try:
            tools["book"](json.dumps({"city": "Lisbon"}))
        except TypeError as error:
            return str(error)
        tools["book"](town="Lisbon")

    def misnames(tools):
        tools["book"](town="Lisbon")

    assert trial(books, BOOK).value == "book() takes 0 positional arguments but 1 was given"
    assert trial(misnames, BOOK).ending.message == "book needs the argument 'city', and was called with ['town']"


def test_report_comes_back_as_itself():
    @dataclass
    class Report:
        deleted: list = field(default_factory=list)
        late: int = field(init=False)

    def reports():
        return Report(["thread_1"])

    assert trial(reports).value == {"$": "Report"}  # a field that was never set: nothing can be said about it, and nothing breaks

    def complete():
        made = Report(["thread_1"])
        made.late = 3
        return made

    assert trial(complete).value == {"$": "Report", "deleted": ["thread_1"], "late": 3}


def test_run_of_the_setup_ends_in_time():
    def one_run(client):
        thread = client.beta.threads.create(messages=[{"role": "user", "content": "What is the capital of France?"}])
        run = client.beta.threads.runs.create(thread.id, assistant_id=client.beta.assistants.create(model="gpt-4o").id)
        return [thread.id, run.id]

    def status(client, thread_id, run_id):
        return client.beta.threads.runs.retrieve(run_id, thread_id=thread_id).status

    world = World(one_run, later=10.0)
    evidence = trial(status, CLIENT, *world.given, world=world)
    assert evidence.value == "completed"
    assert [step.type for step in evidence.run_steps(world.given[1])] == ["message_creation"]


def test_commit_that_changes_nothing_is_seen():
    """A database is read again only when its version has moved on: also for a change that another connection undoes."""

    def changes(db):
        row = db.get(KeptThread, "thread_1")
        for held in (True, False, False):
            row.held = held
            db.commit()

    row = {"thread_id": "thread_1", "user_id": "ada", "created_at": 1, "last_used_at": 2, "held": False, "deleted_at": None}
    evidence = trial(changes, DB | {"rows": {"kept_threads": [row]}})
    seen = [entry.tables["kept_threads"][0]["held"] for entry in evidence.journal if entry.what == "witness"]
    assert seen == [0, 1, 0]

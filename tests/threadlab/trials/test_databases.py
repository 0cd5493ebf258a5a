"""The database that a trial hands out, and programs that are killed: what the host sees of the one, and what the other leaves behind."""

from sqlalchemy import text
from sqlalchemy.orm import Session

from courseware.tables import DB, Conversation, Turn, open_database
from threadlab.trials.explore import explore_kills
from threadlab.trials.guest.messages import Spec
from threadlab.trials.trial import CLIENT, World, in_process, run_trial, trial

ARGS = [CLIENT, DB]


def spec(function, *, args=None, driver="call"):
    return Spec(function.__name__, ARGS if args is None else args, driver=driver)


def guest(function):
    return in_process({function.__name__: function})


def kills(function):
    return explore_kills(guest(function), spec(function), World())


def database_lines(evidence):
    return [(entry.what, entry.operation) for entry in evidence.journal if entry.what in ("request", "witness")]


def records_then_posts(client, db):
    thread = client.beta.threads.create()
    db.add(Conversation(user_id="ada", purpose="billing", thread_id=thread.id))
    db.commit()
    client.beta.threads.messages.create(thread.id, role="user", content="Hello")
    return thread.id


def test_commit_stands_among_the_requests():
    evidence = trial(records_then_posts, *ARGS)
    assert database_lines(evidence) == [("request", "createThread"), ("witness", "database"), ("request", "createMessage")]
    assert evidence.tables == {"conversations": [{"user_id": "ada", "purpose": "billing", "thread_id": evidence.value}]}


def test_flush_is_no_commit():
    def flushes(client, db):
        db.add(Conversation(user_id="ada", purpose="billing"))
        db.flush()
        client.beta.threads.create()
        db.rollback()

    evidence = trial(flushes, *ARGS)
    assert evidence.returned, evidence.ending
    assert database_lines(evidence) == [("request", "createThread")]
    assert evidence.tables == {}


def test_savepoint_is_no_commit():
    def nests(client, db):
        assert db.get(Conversation, ("ada", "billing")) is None
        with db.begin_nested():
            db.add(Conversation(user_id="ada", purpose="billing"))
        client.beta.threads.create()
        db.rollback()

    evidence = trial(nests, *ARGS)
    assert evidence.returned, evidence.ending
    assert database_lines(evidence) == [("request", "createThread")]


def test_core_insert_without_the_session_is_seen():
    def core(client, db):
        with db.get_bind().begin() as connection:
            connection.execute(text("INSERT INTO conversations (user_id, purpose) VALUES ('ada', 'billing')"))
        client.beta.threads.create()

    evidence = trial(core, *ARGS)
    assert database_lines(evidence) == [("witness", "database"), ("request", "createThread")]


def test_autocommit_is_seen():
    def autocommit(client, db):
        with db.get_bind().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("INSERT INTO conversations (user_id, purpose) VALUES ('ada', 'billing')"))
        client.beta.threads.create()

    evidence = trial(autocommit, *ARGS)
    assert database_lines(evidence) == [("witness", "database"), ("request", "createThread")]


def test_rows_of_one_trial_are_not_in_the_next():
    def counts(client, db):
        db.add(Turn(turn_id="t1", thread_id="thread_x", text="Hello"))
        db.commit()
        return db.query(Turn).count()

    assert [trial(counts, *ARGS).value for _ in range(3)] == [1, 1, 1]


def test_rows_from_the_beginning_are_there():
    def reads(client, db):
        return db.get(Conversation, ("ada", "billing")).thread_id

    given = {**DB, "rows": {"conversations": [{"user_id": "ada", "purpose": "billing", "thread_id": "thread_x"}]}}
    assert trial(reads, CLIENT, given).value == "thread_x"


def test_second_process_sees_what_was_committed_only():
    def adds(client, db, user):
        db.add(Conversation(user_id=user, purpose="billing"))
        if user == "ada":
            db.commit()
        return db.query(Conversation).count()

    evidence = run_trial(
        guest(adds), spec(adds, args=[[[CLIENT, DB, "ada"], [CLIENT, DB, "bob"]], [[CLIENT, DB, "eve"]]], driver="processes"), World()
    )
    assert evidence.value == [[1, 2], [2]]


def test_module_forgets_from_one_process_to_the_next():
    source = "seen = []\ndef remembers(client):\n    seen.append(1)\n    return len(seen)"
    evidence = run_trial(
        in_process({}), Spec("remembers", [[[CLIENT], [CLIENT]], [[CLIENT]]], sources=[source], driver="processes"), World()
    )
    assert evidence.value == [[1, 2], [1]]


def test_points_of_a_kill_are_kept():
    seen = kills(records_then_posts)
    assert [evidence.killed_when for evidence in seen][1:] == [
        "killed before createThread arrived",
        "killed after createThread was carried out, before its reply",
        f"killed after the database had taken in conversations: user_id=ada, purpose=billing, thread_id={seen.orders[0].value}",
        "killed before createMessage arrived",
        "killed after createMessage was carried out, before its reply",
    ]


def test_killed_program_is_started_again():
    for evidence in list(kills(records_then_posts))[1:3]:
        assert evidence.returned
        assert evidence.tables["conversations"][0]["thread_id"] == evidence.value
        again = next(entry for entry in evidence.journal if entry.operation == "restart")
        assert [entry.operation for entry in evidence.requests() if entry.n > again.n] == ["createThread", "createMessage"]


def test_nothing_is_written_after_the_kill():
    def tidies(client, db):
        known = db.query(Turn).count()
        try:
            client.beta.threads.create()
        except BaseException:
            client = None
        finally:
            db.add(Turn(turn_id=f"t{known}", thread_id="", text=""))
            db.commit()
        return known

    seen = list(kills(tidies))
    assert [evidence.value for evidence in seen] == [0, 0, 0, 1]  # only what was committed before the kill is found again


def test_uncommitted_rows_die_with_the_kill():
    def lazy(client, db):
        known = db.query(Turn).count()
        db.add(Turn(turn_id=f"t{known}", thread_id="", text=""))
        db.flush()
        client.beta.threads.create()
        db.commit()
        return known

    assert [evidence.value for evidence in kills(lazy)] == [0, 0, 0, 1]


def test_requests_of_two_processes_have_numbers_of_their_own():
    evidence = list(kills(records_then_posts))[2]
    sent = [entry.request for entry in evidence.journal if entry.what == "sent"]
    assert len(sent) == len(set(sent))


def test_second_process_draws_numbers_of_its_own():
    source = "import random\ndef draws(client):\n    name = random.random()\n    client.beta.threads.create()\n    return name"
    seen = explore_kills(in_process({}), Spec("draws", [CLIENT], sources=[source]), World())
    assert seen.orders[1].value != seen.orders[0].value


def test_table_for_trying_in_a_notebook_is_there(tmp_path):
    with open_database(tmp_path / "desk.db") as db:
        db.add(Conversation(user_id="ada", purpose="billing"))
        db.commit()
    with open_database(tmp_path / "desk.db") as db:
        assert isinstance(db, Session)
        assert db.get(Conversation, ("ada", "billing")).thread_id is None

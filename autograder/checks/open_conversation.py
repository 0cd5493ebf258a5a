"""Exercise `open-conversation`: which thread is the user's? The service does not say, so a table of one's own must."""

from typing import Any

from openai import OpenAI

from autograder.checks.seen import cited, short
from autograder.judging.behaviours import Behaviour, Exercise, Found, Occasion, Part, Scene, Sentence
from courseware.tables import DB
from threadlab.engine.journal import Entry, Executed
from threadlab.trials.trial import CLIENT, Evidence, World

ADA = ("ada", "billing")
BOB = ("bob", "billing")
ADA_TRAVELS = ("ada", "travel")


def _known(client: OpenAI) -> dict[str, Any]:
    threads = [client.beta.threads.create(metadata={"user_id": user, "purpose": purpose}).id for user, purpose in (BOB, ADA)]
    return {"known": threads[1], "bob": threads[0]}


def _call(*who: str) -> list[Any]:
    return [CLIENT, DB, *who]


def _filled(given: dict[str, Any]) -> list[Any]:
    rows = [
        {"user_id": "bob", "purpose": "billing", "thread_id": given["bob"]},
        {"user_id": "ada", "purpose": "billing", "thread_id": given["known"]},
    ]
    return [CLIENT, {**DB, "rows": {"conversations": rows}}, *ADA]


# ---- what the journal shows -------------------------------------------------------------------------------------------------------------


def _created(evidence: Evidence) -> list[Executed]:
    return evidence.requests("createThread", ok=True)


def _row(evidence: Evidence, who: tuple[str, str] = ADA) -> dict[str, Any] | None:
    rows = evidence.tables.get("conversations", [])
    return next((row for row in rows if (row["user_id"], row["purpose"]) == who), None)


def _recorded(evidence: Evidence, thread_id: str) -> Entry | None:
    """The commit that wrote the thread's id down for the user it belongs to."""
    return next(
        (
            entry
            for entry in evidence.database_changes()
            if any(row["thread_id"] == thread_id for row in entry.tables.get("conversations", []))
        ),
        None,
    )


def returns_the_thread(evidence: Evidence) -> Found:
    created = _created(evidence)
    if not created:
        return (
            Sentence("no_thread_created_user_who", "no thread was created for a user who had none.")
            if evidence.requests()
            else Occasion.NONE
        )
    if evidence.value == created[-1].thread_id:
        return None
    return Sentence(
        "returned_id_user_s_thread",
        f"it returned {short(evidence.value)}; the id of the user's thread was wanted, as a string: {evidence.line(created[-1])}.",
    )


def tags_the_thread(evidence: Evidence) -> Found:
    created = _created(evidence)
    if not created:
        return Occasion.NONE
    return _untagged(evidence, created[-1].thread_id)


def _untagged(evidence: Evidence, thread_id: str) -> str | None:
    thread = evidence.thread(thread_id)
    has = dict(thread.metadata) if thread is not None else {}
    wanted = {"user_id": ADA[0], "purpose": ADA[1]}
    if wanted.items() <= has.items():
        return None
    return Sentence(
        "metadata_should_say_nobody_who",
        f"the metadata of {thread_id} is {has}; it should say {wanted}, or nobody who finds the thread will know whose it is.",
    )


def records_before_use(evidence: Evidence) -> Found:
    created = _created(evidence)
    if not created:
        return Occasion.NONE
    thread_id = created[0].thread_id
    recorded = _recorded(evidence, thread_id)
    if recorded is None:
        return Sentence(
            "when_over_no_committed_row",
            f"{evidence.line(created[0])}, and when it was over no committed row had that id: after a crash the thread is an orphan.",
        )
    row = _row(evidence)
    if row is None or row["thread_id"] != thread_id:
        return Sentence("id_written_down_somebody_else", f"the id was written down for somebody else: {evidence.line(recorded)}.")
    early = [one for one in evidence.requests(thread_id=thread_id) if created[0].n < one.n < recorded.n]
    if early:
        return Sentence(
            "thread_used_before_recorded_came",
            f"the thread was used before it was recorded: {evidence.line(early[0])} came before {evidence.line(recorded)}.",
        )
    return None


def resumes(evidence: Evidence) -> Found:
    created = _created(evidence)
    if isinstance(evidence.given, dict):
        known = evidence.given["known"]
        if evidence.value == known and not created:
            return None
        if created:
            return Sentence(
                "another_process_had_recorded_user_2",
                f"another process had recorded {known} for this user, and a new thread was created: {evidence.line(created[0])}.",
            )
        return (
            Sentence(
                "another_process_had_recorded_user",
                f"another process had recorded {known} for this user, and it returned {short(evidence.value)}.",
            )
            if evidence.value
            else Occasion.NONE
        )
    if not created:
        return Occasion.NONE
    ids = [one for process in evidence.value or [] for one in process]
    if len(created) > 1:
        return Sentence(
            "same_user_opened_same_conversation",
            f"the same user opened the same conversation twice in one process and once in the next, and {len(created)} threads were "
            f"created: {cited(evidence, created)}. What a process remembers is gone with it; ask the table.",
        )
    if set(map(str, ids)) == {created[0].thread_id}:
        return None
    return Sentence("one_user_one_conversation_opened", f"one user, one conversation, opened three times: it returned {short(ids)}.")


def keeps_users_apart(evidence: Evidence) -> Found:
    if not _created(evidence):
        return Occasion.NONE
    ada, bob, travel = evidence.value[0]
    if None in (ada, bob, travel):
        return Sentence(
            "two_users_second_purpose_first", f"for two users, and a second purpose of the first, it returned {short([ada, bob, travel])}."
        )
    if ada == bob:
        return Sentence("ada_bob_share_thread_each", f"ada and bob share the thread {ada}: each would read what the other wrote.")
    if ada == travel:
        return Sentence(
            "ada_s_conversations_about_billing",
            f"ada's conversations about billing and travel are the same thread {ada}; one row is for one user and one purpose.",
        )
    return None


def survives_a_restart(evidence: Evidence) -> Found:
    if not evidence.killed:
        return Occasion.NONE
    again = next(entry.n for entry in evidence.journal if entry.operation == "restart")
    before, after = [one for one in _created(evidence) if one.n < again], [one for one in _created(evidence) if one.n > again]
    recorded = next((one.thread_id for one in before if (found := _recorded(evidence, one.thread_id)) and found.n < again), None)
    if recorded is not None and after:
        return Sentence(
            "recorded_when_program_started_again",
            f"{recorded} was recorded, and when the program was started again it created another thread: {evidence.line(after[0])}.",
        )
    if len(after) > 1:
        return Sentence("started_again_created_threads", f"started again, it created {len(after)} threads: {cited(evidence, after)}.")
    wanted = recorded or (after[0].thread_id if after else None)
    if wanted is None or evidence.value != wanted:
        return Sentence(
            "started_again_returned_user_s",
            f"started again, it returned {short(evidence.value)}; the user's thread was {wanted or 'still to be created'}.",
        )
    row = _row(evidence)
    if row is None or row["thread_id"] != wanted:
        return Sentence(
            "started_again_returned_table_says",
            f"started again, it returned {wanted}, and the table says {row['thread_id'] if row else 'nothing'} for this user.",
        )
    return _untagged(evidence, wanted)


EXERCISE = Exercise(
    slug="open-conversation",
    parts=(
        Part(
            "open_conversation",
            (
                Behaviour("returns_the_thread", 2, "A user without a conversation gets one, and its id is returned.", returns_the_thread),
                Behaviour("tags_the_thread", 2, "The thread's metadata says whose it is, and what for.", tags_the_thread),
                Behaviour(
                    "records_before_use",
                    3,
                    "The thread's id is committed to the table before the thread is used, and before the function returns.",
                    records_before_use,
                ),
                Behaviour(
                    "resumes",
                    3,
                    "A conversation that is recorded is found again, by any process, and not made twice.",
                    resumes,
                    ("again", "known"),
                ),
                Behaviour("keeps_users_apart", 2, "Two users, and two purposes, never share a thread.", keeps_users_apart, ("several",)),
                Behaviour(
                    "survives_a_restart",
                    3,
                    "Killed at any point and started again, it ends with one recorded and tagged thread, and returns it.",
                    survives_a_restart,
                    ("killed",),
                ),
            ),
            (
                Scene("new", World, lambda given: _call(*ADA)),
                Scene("again", World, lambda given: [[_call(*ADA), _call(*ADA)], [_call(*ADA)]], driver="processes"),
                Scene("known", lambda: World(_known), _filled),
                Scene("several", World, lambda given: [[_call(*ADA), _call(*BOB), _call(*ADA_TRAVELS)]], driver="processes"),
                Scene("killed", World, lambda given: _call(*ADA), kill=True),
            ),
        ),
    ),
    hints=(
        "There is no operation that lists threads. So where does the second process learn the id that the first one was given?",
        "Look the row up first. Only without one, create the thread, with its metadata in the same request, and commit the row at once: "
        "whatever stands between the two is a chance to crash and lose the thread.",
        "known = db.get(Conversation, (user_id, purpose))\n"
        "if known is not None: return known.thread_id\n"
        'thread = client.beta.threads.create(metadata={"user_id": user_id, "purpose": purpose})\n'
        "db.add(Conversation(user_id=user_id, purpose=purpose, thread_id=thread.id)); db.commit()",
    ),
)

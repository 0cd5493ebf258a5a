"""Exercise `open-conversation`: which thread is the user's? The service does not say, so a table of one's own must."""

from collections.abc import Callable
from typing import Any

from openai import OpenAI

from autograder.checks.drawn import chance
from autograder.checks.seen import cited, short
from autograder.judging.behaviours import Behaviour, Exercise, Found, Occasion, Part, Scene, Sentence
from courseware.tables import DB
from threadlab.engine.journal import DatabaseChanged, Executed
from threadlab.trials.trial import CLIENT, Evidence, World

Who = tuple[str, str]
"""A user and a purpose."""


def _drawn(scene: str) -> list[Who]:
    """A user and a purpose, and others that an inexact comparison takes for them."""
    source = chance(f"open-conversation {scene}")
    user, other = source.sample(("ada", "grace", "linus", "edsger", "barbara", "donald"), 2)
    purpose, second = source.sample(("billing", "travel", "orders", "returns"), 2)
    return [
        (user, purpose),
        (other, purpose),
        (user, second),
        (user.capitalize(), purpose),
        (f"{user}2", purpose),
        (f"{user} ", purpose),
        (f" {user}", purpose),
        (f"{user[:-1]}*", purpose),
        (f"{user[:-1]}.", purpose),
        ("7", purpose),
        ("007", purpose),
        (purpose, user),
        (user + purpose[0], purpose[1:]),
        (user, purpose.capitalize()),
        (user, f"{purpose} "),
        (user, f" {purpose}"),
        (f"{user}:{purpose}", second),
        (user, f"{purpose}:{second}"),
        (f"o'{user}", purpose),
        ("zo\u00e9", purpose),
        ("zoe\u0301", purpose),
        (user, "caf\u00e9"),
        (user, "cafe\u0301"),
        (f"{user}/{other}/" * 8 + "\u6f22", purpose),
    ]


def _nobody(scene: str) -> Callable[[OpenAI], dict[str, Any]]:
    return lambda client: {"who": _drawn(scene)}


def _known(client: OpenAI) -> dict[str, Any]:
    """All of them are known, and the one who is asked for is in the middle of the table, a page from both ends. No metadata."""
    who = _drawn("known")
    first, last = ([(f"{sign}{number}", who[0][1]) for number in range(25)] for sign in "0~")
    table = [*first, *who[3:], *who[:3], *last]
    threads = {one: client.beta.threads.create().id for one in table}
    rows = [{"user_id": user, "purpose": purpose, "thread_id": threads[user, purpose]} for user, purpose in table]
    return {"who": who, "known": threads[who[0]], "rows": rows}


def _known_alone(client: OpenAI) -> dict[str, Any]:
    """Only the one who is asked for is known."""
    user, purpose = who = _drawn("known alone")[0]
    thread = client.beta.threads.create(metadata={"user_id": user, "purpose": purpose}).id
    return {"who": [who], "known": thread, "rows": [{"user_id": user, "purpose": purpose, "thread_id": thread}]}


def _call(who: Who) -> list[Any]:
    return [CLIENT, DB, *who]


def _first(given: dict[str, Any]) -> list[Any]:
    return _call(given["who"][0])


def _again(given: dict[str, Any]) -> list[Any]:
    return [[_first(given), _first(given)], [_first(given)]]


def _several(given: dict[str, Any]) -> list[Any]:
    each = [_call(who) for who in given["who"]]
    return [[*each, *reversed(each)], each]


def _filled(given: dict[str, Any]) -> list[Any]:
    return [CLIENT, {**DB, "rows": {"conversations": given["rows"]}}, *given["who"][0]]


# ---- what the journal shows -------------------------------------------------------------------------------------------------------------


def _created(evidence: Evidence) -> list[Executed]:
    return evidence.requests("createThread", ok=True)


def _owners(evidence: Evidence) -> list[tuple[Who, Executed]]:
    """Whose each of the new threads is: by what was returned, where several asked. A thread that two share is the first one's."""
    who, created = evidence.given["who"], _created(evidence)
    if not isinstance(evidence.value, list):
        return [(who[0], created[-1])] if created else []
    by_id = {one.thread_id: one for one in created}
    returned = zip(who, evidence.value[0], strict=False)
    return [(one, by_id.pop(thread_id)) for one, thread_id in returned if isinstance(thread_id, str) and thread_id in by_id]


def _row(evidence: Evidence, who: Who) -> dict[str, Any] | None:
    rows = evidence.tables.get("conversations", [])
    return next((row for row in rows if (row["user_id"], row["purpose"]) == who), None)


def _recorded(evidence: Evidence, thread_id: str) -> DatabaseChanged | None:
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
        f"it returned {short(evidence.value)}; the id of the user's thread was expected, as a string: {evidence.line(created[-1])}.",
    )


def tags_the_thread(evidence: Evidence) -> Found:
    if not (owners := _owners(evidence)):
        return Occasion.NONE
    return next((said for who, created in owners if (said := _untagged(evidence, created.thread_id, who))), None)


def _untagged(evidence: Evidence, thread_id: str, who: Who) -> str | None:
    thread = evidence.thread(thread_id)
    has = dict(thread.metadata) if thread is not None else {}
    wanted = {"user_id": who[0], "purpose": who[1]}
    if wanted.items() <= has.items():
        return None
    return Sentence(
        "metadata_should_say_nobody_who",
        f"the metadata of {thread_id} is {has}; it should say {wanted}, or nobody who finds the thread will know whose it is.",
    )


def records_before_use(evidence: Evidence) -> Found:
    if not (owners := _owners(evidence)):
        return Occasion.NONE
    if not isinstance(evidence.value, list):
        owners = [(owners[0][0], _created(evidence)[0])]
    return next((said for who, created in owners if (said := _used_early(evidence, created, who))), None)


def _used_early(evidence: Evidence, created: Executed, who: Who) -> str | None:
    thread_id = created.thread_id
    recorded = _recorded(evidence, thread_id)
    if recorded is None:
        return Sentence(
            "when_over_no_committed_row",
            f"{evidence.line(created)}, and when the function returned, no committed row had that id: after a crash it is an orphan.",
        )
    if not any((row["user_id"], row["purpose"], row["thread_id"]) == (*who, thread_id) for row in recorded.tables["conversations"]):
        return Sentence("id_written_down_somebody_else", f"the id was written down for somebody else: {evidence.line(recorded)}.")
    early = [one for one in evidence.requests(thread_id=thread_id) if created.n < one.n < recorded.n]
    if early:
        return Sentence(
            "thread_used_before_recorded_came",
            f"the thread was used before it was recorded: {evidence.line(early[0])} came before {evidence.line(recorded)}.",
        )
    return None


def resumes(evidence: Evidence) -> Found:
    created = _created(evidence)
    if known := evidence.given.get("known"):
        made = [one for one in evidence.requests(ok=True) if one.operation.startswith("create")]
        if evidence.value == known and not made:
            return None
        if made and not created:
            return Sentence(
                "created_while_it_resumed",
                f"another process had recorded {known} for this user, which is to be returned and nothing created: "
                f"{evidence.line(made[0])}.",
            )
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
    if len(evidence.value[0]) > 2:
        return _each_resumes(evidence)
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


def _each_resumes(evidence: Evidence) -> Found:
    """Several users, each three times: the second time from the last to the first, the third time in another process."""
    who, (here, elsewhere) = evidence.given["who"], evidence.value
    first, second = here[: len(who)], here[: -len(who) - 1 : -1]
    for one, *ids in zip(who, first, second, elsewhere, strict=True):
        if len(set(map(str, ids))) > 1:
            return Sentence("one_user_one_conversation_opened", f"{one} opened one conversation three times: it returned {short(ids)}.")
    if len(created := _created(evidence)) > len(who):
        return Sentence(
            "several_users_too_many_threads",
            f"{len(who)} conversations were opened, three times each, and {len(created)} threads were created: {cited(evidence, created)}.",
        )
    return None


def keeps_users_apart(evidence: Evidence) -> Found:
    if not _created(evidence):
        return Occasion.NONE
    returned: dict[str, Who] = {}
    for who, thread_id in zip(evidence.given["who"], evidence.value[0], strict=False):
        if thread_id is None:
            return Sentence("two_users_second_purpose_first", f"for {who}, one of several, it returned {short(thread_id)}.")
        if (other := returned.setdefault(str(thread_id), who)) is who:
            continue
        if other[0] != who[0]:
            return Sentence(
                "ada_bob_share_thread_each",
                f"{other} and {who} share the thread {short(thread_id)}: each would read what the other wrote. Ids are compared exactly.",
            )
        return Sentence(
            "ada_s_conversations_about_billing",
            f"the conversations {other} and {who} are the same thread {short(thread_id)}; one row is for one user and one purpose.",
        )
    return None


def _knows_no_thread(evidence: Evidence) -> Found:
    """In a run that ended before it could be killed: a thread that is not there was remembered from another one."""
    value = evidence.value
    if not isinstance(value, str) or evidence.thread(value) is not None:
        return Occasion.NONE
    return Sentence("returned_no_thread", f"it returned {short(value)}, and there is no such thread: it was not created here.")


def survives_a_restart(evidence: Evidence) -> Found:
    if not evidence.killed:
        return _knows_no_thread(evidence)
    again, known = next(entry.n for entry in evidence.journal if entry.operation == "restart"), evidence.given.get("known")
    before, after = [one for one in _created(evidence) if one.n < again], [one for one in _created(evidence) if one.n > again]
    recorded = known or next((one.thread_id for one in before if (found := _recorded(evidence, one.thread_id)) and found.n < again), None)
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
    row = _row(evidence, evidence.given["who"][0])
    if row is None or row["thread_id"] != wanted:
        return Sentence(
            "started_again_returned_table_says",
            f"started again, it returned {wanted}, and the table says {row['thread_id'] if row else 'nothing'} for this user.",
        )
    return _untagged(evidence, wanted, evidence.given["who"][0])


NEW = ("new", "several")

EXERCISE = Exercise(
    slug="open-conversation",
    parts=(
        Part(
            "open_conversation",
            (
                Behaviour("returns_the_thread", 2, "A user without a conversation gets one, and its id is returned.", returns_the_thread),
                Behaviour("tags_the_thread", 2, "The thread's metadata says whose it is, and what for.", tags_the_thread, NEW),
                Behaviour(
                    "records_before_use",
                    3,
                    "The thread's id is committed to the table before the thread is used, and before the function returns.",
                    records_before_use,
                    NEW,
                ),
                Behaviour(
                    "resumes",
                    3,
                    "A conversation that is recorded is found again, by any process, and not made twice.",
                    resumes,
                    ("again", "known", "several"),
                ),
                Behaviour("keeps_users_apart", 2, "Two users, and two purposes, never share a thread.", keeps_users_apart, ("several",)),
                Behaviour(
                    "survives_a_restart",
                    3,
                    "Killed at any point and started again, it ends with one recorded and tagged thread, and returns it.",
                    survives_a_restart,
                    ("killed", "killed while it resumes"),
                ),
            ),
            (
                Scene("new", lambda: World(_nobody("new")), _first),
                Scene("again", lambda: World(_nobody("again")), _again, driver="processes"),
                Scene("known", lambda: World(_known), _filled),
                Scene("several", lambda: World(_nobody("several")), _several, driver="processes"),
                Scene("killed", lambda: World(_nobody("killed")), _first, kill=True),
                Scene("killed while it resumes", lambda: World(_known_alone), _filled, kill=True),
            ),
            promises={
                "metadata with the values that were given, whatever they are": NEW,
                "called again, in the same process or in another one": ("again", "several"),
                "when another backend has recorded the thread": ("known",),
                "users and purposes that differ in anything are different": ("several", "known"),
                "killed at any point": ("killed", "killed while it resumes"),
            },
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

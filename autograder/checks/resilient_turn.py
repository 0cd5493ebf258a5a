"""Exercise `resilient-turn`: one turn, whatever happens: refusals, bad moments, lost replies, and the death of the process."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from openai import OpenAI

from autograder.checks.seen import before_its_message, cited, not_stored, of_another_assistant, runs, sent, short
from autograder.checks.somebody_else import SharedWorld, a_colleague_writes
from autograder.judging.behaviours import Behaviour, Exercise, Found, Occasion, Part, Scene, Sentence, ending_of, unwritten
from courseware.tables import DB
from threadlab.engine.journal import Entry, Executed
from threadlab.trials.api_family import THREADS, Family, Said
from threadlab.trials.host import Limits
from threadlab.trials.trial import CLIENT, Evidence, World

TURN = "turn-2"
TEXT = "What is the capital of Portugal?"
OTHER = "What is the capital of Greece?"
AS_GIVEN = " What is the capital of Portugal? \u2013 asks Zoe\u0301 <b>&amp;</b> the \ufb01rm\n"
"""White space at both ends, and what people escape or fold."""
NAMES = (
    f"{TURN}0",
    TURN,
    TURN.upper(),
    TURN.replace("-", "_"),
    f"{TURN}\u00e9",
    f"{TURN}, asked on the phone",
    f"{TURN}, asked on the spot",
)
"""Turns whose ids are easily taken for one another: by their beginning, in another case, as a pattern of SQL, without accents, when cut."""
TOO_LONG = "Portugal " * 28_445
MOST = 10
"""How often one request may be sent at most while it is answered by 429 or 5xx."""
RETRY_AFTER = {"createMessage": 7.0, "createRun": 20.0, "createResponse": 7.0, "getRun": 7.0, "listMessages": 20.0}
_LIMITS, _MORE = Limits(requests=400), Limits(requests=3200)
"""The second one is for a thread with much on it, and for several turns."""


def _thread(client: OpenAI) -> dict[str, Any]:
    thread = client.beta.threads.create()
    assistant = client.beta.assistants.create(model="gpt-4o", name="Geography expert", instructions="Answer in one sentence.")
    return {"thread_id": thread.id, "assistant_id": assistant.id, "before": 0}


def _as_given(client: OpenAI) -> dict[str, Any]:
    return {**_thread(client), "text": AS_GIVEN}


def _asked_before(client: OpenAI) -> dict[str, Any]:
    given = _thread(client)
    client.beta.threads.messages.create(given["thread_id"], role="user", content=TEXT, metadata={"turn_id": "turn-1"})
    client.beta.threads.messages.create(given["thread_id"], role="assistant", content="I would have to look that up.")
    client.beta.threads.messages.create(given["thread_id"], role="user", content=TEXT, metadata={"turn_id": "turn-0"})
    return {**given, "before": 3}


def _long_thread(client: OpenAI) -> dict[str, Any]:
    """More than the largest page of messages of other turns, some with the same text."""
    said = [*(f"{number}. {TEXT}" for number in range(101)), TEXT, TEXT, TEXT, TEXT]
    thread = client.beta.threads.create()
    for number, text in enumerate(said, 7):
        client.beta.threads.messages.create(thread.id, role="user", content=text, metadata={"turn_id": f"turn-{number}"})
    return {**_thread(client), "thread_id": thread.id, "before": len(said)}


def _many_runs(client: OpenAI) -> dict[str, Any]:
    """More than a page of runs of earlier turns, which are over at once."""
    given = _asked_before(client)
    for number in range(21):
        client.beta.threads.runs.create(given["thread_id"], assistant_id=given["assistant_id"], metadata={"turn_id": f"turn-{7 + number}"})
    before = list(client.beta.threads.messages.list(given["thread_id"], limit=100))
    return {**given, "before": len(before), "runs_before": 21}


def _several_turns(given: dict[str, Any]) -> list[Any]:
    """Turns that say the same, one after the other, and one that says something else; at last the first is called again."""
    said = [*((name, TEXT) for name in NAMES[:-1]), (NAMES[-1], OTHER), (NAMES[0], TEXT)]
    return [[CLIENT, DB, turn, given["thread_id"], given["assistant_id"], text] for turn, text in said]


def _args(given: dict[str, Any]) -> list[Any]:
    return [CLIENT, DB, TURN, given["thread_id"], given["assistant_id"], given.get("text", TEXT)]


def _wrong_key(given: dict[str, Any]) -> list[Any]:
    return [{**CLIENT, "api_key": "sk-revoked"}, *_args(given)[1:]]


def _no_thread(given: dict[str, Any]) -> list[Any]:
    return [CLIENT, DB, TURN, "thread_" + "0" * 24, given["assistant_id"], TEXT]


def _no_assistant(given: dict[str, Any]) -> list[Any]:
    return [CLIENT, DB, TURN, given["thread_id"], "asst_" + "0" * 24, TEXT]


def _too_long(given: dict[str, Any]) -> list[Any]:
    return [*_args(given)[:-1], TOO_LONG]


# ---- what the journal shows -------------------------------------------------------------------------------------------------------------


def _posted(evidence: Evidence, family: Family) -> list[Said]:
    """The user messages that came after those that were there."""
    return [one for one in family.said(evidence, evidence.given["thread_id"])[evidence.given["before"] :] if one.role == "user"]


def _messages_once(evidence: Evidence, family: Family) -> str | None:
    posted = _posted(evidence, family)
    if len(posted) == 1 and posted[0].text == evidence.given.get("text", TEXT):
        return None
    if not posted:
        return Sentence("message_not", f"the message is not {family.place}.")
    if len(posted) == 1:
        return Sentence(
            "message_says_not_text_given", f"the message {family.place} says {short(posted[0].text)}, not the text that was given."
        )
    made = [entry for entry in evidence.requests(ok=True) if entry.operation in family.posts]
    return Sentence(
        "message_times", f"the message is {family.place} {len(posted)} times: {cited(evidence, made)}.{_why_again(evidence, made)}"
    )


def _why_again(evidence: Evidence, made: Sequence[Entry]) -> str:
    lost = [entry for entry in evidence.journal if entry.what == "lost"]
    if lost and len(made) > 1 and lost[0].n < made[1].n:
        return " The first one had arrived; only its reply was lost. The SDK's own retries do not look before they send again, either."
    return ""


def _stored(evidence: Evidence, family: Family) -> list[Any]:
    """The runs that came after those that were there."""
    return family.runs(evidence, evidence.given["thread_id"])[evidence.given.get("runs_before", 0) :]


def _runs_once(evidence: Evidence, family: Family) -> str | None:
    stored, made = _stored(evidence, family), runs(evidence, family)
    if len(stored) == 1:
        return _wrong_run(evidence, made) if family is THREADS else None
    if stored:
        return Sentence("s_made_one_turn", f"{len(stored)} {family.run}s were made for one turn: {cited(evidence, made)}.")
    return (made and not_stored(evidence, made, family)) or f"no {family.run} was made."


def _wrong_run(evidence: Evidence, made: Sequence[Executed]) -> str | None:
    return of_another_assistant(evidence, made) or before_its_message(evidence, made, evidence.given.get("text", TEXT))


def _right_value(evidence: Evidence, family: Family) -> str | None:
    stored = _stored(evidence, family)
    said = family.wrote(evidence, stored[-1].id) if stored else []
    if said and isinstance(evidence.value, str) and evidence.value.strip() == "\n".join(said).strip():
        return None
    wrote = short("\n".join(said)) if said else "nothing"
    return Sentence(
        "returned_wrote",
        f"it returned {short(evidence.value)}; the {family.run} wrote {f'{len(said)} messages: ' if len(said) > 1 else ''}{wrote}.",
    )


def _all_well(evidence: Evidence, family: Family) -> str | None:
    return _messages_once(evidence, family) or _runs_once(evidence, family) or _right_value(evidence, family)


def answers(evidence: Evidence, family: Family = THREADS) -> Found:
    return _all_well(evidence, family) if evidence.requests() else Occasion.NONE


def no_retry_when_refused(evidence: Evidence) -> Found:
    refused = [entry for entry in evidence.requests(ok=False) if entry.status in (400, 401, 404)]
    if not refused and evidence.returned and evidence.requests():
        return Sentence(
            "cannot_be_done_returned",
            f"what was asked for cannot be done, and it returned {short(evidence.value)} after asking for something else.",
        )
    if not refused:
        return Occasion.NONE
    again = [entry for entry in refused if entry.operation == refused[-1].operation]
    if len(again) > 1:
        return Sentence(
            "final_same_sent_again_no",
            f"{evidence.line(again[0])} was final, and the same was sent again: {evidence.line(again[1])}. No retry mends a refusal.",
        )
    if evidence.ending.how == "halted":
        return f"after {evidence.line(refused[0])} it {evidence.ending.message}."
    if evidence.returned:
        return Sentence(
            "refused_returned_caller_must_hear",
            f"{evidence.line(refused[0])} was refused, and it returned {short(evidence.value)}: the caller must hear of it.",
        )
    return None


def bounded_retries(evidence: Evidence, family: Family = THREADS, pause: float = 0.0) -> Found:
    """`pause`: where the statement asks for pauses, so many seconds must be between some of the tries."""
    tries = max((sent(evidence, (operation,)) for operation in family.posts), key=len)
    if len(tries) > MOST:
        return Sentence(
            "message_sent_times_service_down",
            f"the message was sent {len(tries)} times to a service that is down, and at most {MOST} times was allowed; give up and raise.",
        )
    if evidence.ending.how == "halted":
        return Sentence("while_every_try_answered_error", f"while every try was answered with an error, it {evidence.ending.message}.")
    if len(tries) < 2 or unwritten(evidence):
        return Occasion.NONE
    longest = max(later.at - earlier.at for earlier, later in pairwise(tries))
    if len(tries) > 2 and longest < pause:
        return Sentence(
            "tries_without_a_pause",
            f"the service is down, and {len(tries)} tries came without a pause between them, none of them {pause:g} s after the one "
            "before: it had no time to recover.",
        )
    if evidence.returned:
        return Sentence(
            "no_try_succeeded_last_returned",
            f"no try succeeded ({evidence.line(tries[-1])} was the last), and it returned {short(evidence.value)}: raise the error.",
        )
    return None


def survives_bad_moments(evidence: Evidence, family: Family = THREADS) -> Found:
    failed = evidence.requests(ok=False)
    if not failed:
        return Occasion.NONE
    if evidence.ending.how == "raised":
        return Sentence(
            "ended_turn_nothing_had_done",
            f"{evidence.line(failed[-1])} ended the turn with {evidence.ending.type}: nothing had been done, so try again.",
        )
    return ending_of(evidence) or answers(evidence, family)


def obeys_retry_after(evidence: Evidence) -> Found:
    limited = [entry for entry in evidence.requests(ok=False) if entry.status == 429]
    retried = False
    for entry in limited:
        later = [one for one in sent(evidence, (entry.operation,)) if one.n > entry.n]
        wait = RETRY_AFTER.get(entry.operation, 0.0)
        if later and later[0].at < entry.at + wait - 0.05:
            return Sentence(
                "said_retry_after_next_try",
                f"{evidence.line(entry)} said Retry-After: {wait:g}, and the next try came sooner: {evidence.line(later[0])}.",
            )
        retried = retried or bool(later)
    if not retried:
        return Occasion.NONE
    return ending_of(evidence)


def one_message(evidence: Evidence, family: Family = THREADS) -> Found:
    return _messages_once(evidence, family) if sent(evidence, family.posts) else Occasion.NONE


def one_run(evidence: Evidence, family: Family = THREADS) -> Found:
    if not sent(evidence, family.makers):
        return Occasion.NONE
    return _runs_once(evidence, family) or _right_value(evidence, family)


def one_turn(evidence: Evidence, family: Family = THREADS) -> Found:
    """One message, one run, and its answer: for a message that may travel in the request that starts the run."""
    return _all_well(evidence, family) if sent(evidence, family.posts) else Occasion.NONE


def same_text_is_another_turn(evidence: Evidence, family: Family = THREADS) -> Found:
    if not evidence.requests():
        return Occasion.NONE
    if isinstance(evidence.value, list):
        return _all_are_done(evidence, family)
    if not _posted(evidence, family):
        return Sentence(
            "had_same_text_turn_already",
            f"the {family.home} had the same text from another turn already, and {TURN} was not posted: two turns may say the same, "
            "so compare a key of your own, not the text.",
        )
    return _all_well(evidence, family)


def _all_are_done(evidence: Evidence, family: Family) -> str | None:
    """Several turns, most with the same text: each has its message, its run, what that wrote, and its own row."""
    posted, stored = _posted(evidence, family), _stored(evidence, family)
    said = [TEXT] * (len(NAMES) - 1) + [OTHER]
    if [one.text for one in posted][: len(said)] != said or len(stored) < len(said):
        return Sentence(
            "two_turns_same_text",
            f"{len(said)} turns were taken, all but one with the same text ({', '.join(map(repr, NAMES))}), and {len(posted)} messages and "
            f"{len(stored)} {family.run}s were made. Give each turn a key of its own, and compare the whole key.",
        )
    wrote = ["\n".join(family.wrote(evidence, one.id)) for one in stored[: len(said)]]
    if evidence.value[: len(said)] != wrote:
        return Sentence(
            "two_turns_answers",
            f"{len(said)} turns were taken; they returned {short(evidence.value[: len(said)])}, and the answers are {short(wrote)}.",
        )
    return _row_of_another(evidence, wrote)


def _row_of_another(evidence: Evidence, wrote: Sequence[str]) -> str | None:
    """That a turn's row lost its answer when another turn was taken. Where no row has an answer, `survives_a_restart` says so."""
    rows = {row["turn_id"]: row["answer"] for row in evidence.tables.get("turns", [])}
    if not any(rows.values()):
        return None
    for name, text in zip(NAMES, wrote, strict=True):
        if (rows.get(name) or "").strip() != text.strip():
            what = f"answer={short(rows[name])}" if name in rows else "not there any more"
            return Sentence(
                "row_of_another_turn", f"{len(wrote)} turns were taken, and the row for {name} is {what}; its answer was {short(text)}."
            )
    return None


def _finished_is_finished(evidence: Evidence, family: Family) -> Found:
    """A finished turn that is called again, after others: nothing is posted or started for it, and its own answer comes back."""
    posted, stored, again = _posted(evidence, family), _stored(evidence, family), f"{NAMES[0]} was finished and called again"
    if max(len(posted), len(stored)) > len(NAMES):
        return Sentence(
            "finished_turn_taken_again",
            f"{again}: {len(posted)} messages and {len(stored)} {family.run}s were made for {len(NAMES)} turns. Return its answer again.",
        )
    first, last = evidence.value[0], evidence.value[-1]
    if first != last:
        return Sentence("finished_turn_other_answer", f"{again}: it returned {short(last)}, and the first time {short(first)}.")
    return None


def survives_a_restart(evidence: Evidence, family: Family = THREADS) -> Found:
    if isinstance(evidence.value, list) and evidence.requests():
        return _finished_is_finished(evidence, family)
    if not evidence.killed:
        return Occasion.NONE
    wrong = _all_well(evidence, family)
    if wrong:
        return f"started again, {wrong}"
    row = next((row for row in evidence.tables.get("turns", []) if row["turn_id"] == TURN), None)
    if row is None:
        return Sentence("table_has_no_row", f"the table has no row for {TURN}.")
    if row["answer"] is None or row["answer"].strip() != str(evidence.value).strip():
        return Sentence(
            "answer_returned_row_says_answer",
            f"the answer was returned, and the row for {TURN} says answer={short(row['answer'])}: whoever asks again would run again.",
        )
    return None


def _in(
    scenario: str, setup: Callable[[OpenAI], dict[str, Any]] = _thread, before: str | None = None, limits: Limits = _LIMITS
) -> Callable[[], World]:
    return lambda: World(setup, scenario=f"slow:1 {scenario}", limits=limits, before=before)


def _with_a_colleague() -> World:
    """Nothing goes wrong, and as soon as the run is over somebody else writes on the thread."""
    return SharedWorld(_as_given, a_colleague_writes("(A colleague) It is raining here."), scenario="slow:1", limits=_LIMITS)


REFUSALS = ("text too long", "wrong key", "no such thread", "no such assistant")
DOWN = ("always 500", "always 429")
MESSAGE_LOST = ("message's reply lost", "message kept, 500 said", "message lost on its way")
RUN_LOST = ("run's reply lost", "run started, 500 said", "run's reply never came")

EXERCISE = Exercise(
    slug="resilient-turn",
    parts=(
        Part(
            "resilient_turn",
            (
                Behaviour("answers", 2, "When nothing goes wrong: one message, one run, its answer returned.", answers),
                Behaviour(
                    "no_retry_when_refused",
                    3,
                    "What is refused with a 400, 401 or 404 is not sent again, and the error reaches the caller.",
                    no_retry_when_refused,
                    REFUSALS,
                    any_ending=True,
                ),
                Behaviour(
                    "bounded_retries",
                    2,
                    f"A request that is always answered by 429 or 500 is tried again, but at most {MOST} times in all.",
                    bounded_retries,
                    DOWN,
                    any_ending=True,
                ),
                Behaviour(
                    "survives_bad_moments",
                    2,
                    "Two failures in a row do not end the turn.",
                    survives_bad_moments,
                    ("bad moments", "bad moments while it looks", "bad moments while it waits"),
                    any_ending=True,
                ),
                Behaviour(
                    "obeys_retry_after",
                    2,
                    "After a 429 the next try waits as long as Retry-After says.",
                    obeys_retry_after,
                    ("rate limited",),
                ),
                Behaviour(
                    "one_message_after_a_lost_reply",
                    3,
                    "When the reply to the message is lost, the thread has the message once.",
                    one_message,
                    MESSAGE_LOST,
                ),
                Behaviour("one_run_after_a_lost_reply", 2, "When the reply to the run is lost, there is one run.", one_run, RUN_LOST),
                Behaviour(
                    "same_text_is_another_turn",
                    1,
                    "A turn with the text of an earlier one is still posted.",
                    same_text_is_another_turn,
                    ("asked before", "several turns"),
                ),
                Behaviour(
                    "survives_a_restart",
                    4,
                    "Killed at any point and started again, or called again at the end: one message, one run, the answer kept.",
                    survives_a_restart,
                    ("killed", "several turns"),
                ),
            ),
            (
                Scene("plain", _with_a_colleague, _args),
                Scene("text too long", _in(""), _too_long),
                Scene("wrong key", _in(""), _wrong_key),
                Scene("no such thread", _in(""), _no_thread),
                Scene("no such assistant", _in(""), _no_assistant),
                Scene("always 500", _in("500@createMessage"), _args),
                Scene("always 429", _in("429:1@createMessage"), _args),
                Scene("bad moments", _in("500@createMessage#1-2 503@createRun#1 500@getRun#1-2"), _args),
                Scene("bad moments while it looks", _in("500@listMessages#2-3 503@listRuns#1-2"), _args),
                Scene("bad moments while it waits", _in("slow:4 503@getRun#2-3"), _args),
                Scene("rate limited", _in("429:7@createMessage#1 429:20@createRun#1 429:7@getRun#1 429:20@listMessages#1"), _args),
                Scene("message's reply lost", _in("reply_lost@createMessage#1", _long_thread, limits=_MORE), _args),
                Scene("message kept, 500 said", _in("500_after@createMessage#1"), _args),
                Scene("message lost on its way", _in("request_lost@createMessage#1"), _args),
                Scene("run's reply lost", _in("reply_lost@createRun#1", _many_runs, "slow:0 queued:0", _MORE), _args),
                Scene("run started, 500 said", _in("500_after@createRun#1"), _args),
                Scene("run's reply never came", _in("reply_silent@createRun#1"), _args),
                Scene("asked before", _in("", _asked_before), _args),
                Scene("several turns", _in("", limits=_MORE), _several_turns, driver="calls"),
                Scene("killed", _in(""), _args, kill=True, bound=40),
            ),
        ),
    ),
    hints=(
        "After a lost reply you do not know whether the message is on the thread. Who knows? And how would you recognise it?",
        "Turn the SDK's own retries off for the two requests that create something, put `turn_id` into their metadata, and look for it "
        "(among the thread's messages, among its runs) before every try, also the first one of a restarted process. Commit each id when "
        "you have it.",
        "def create_once(find, create):\n"
        "    for pause in (1, 2, 4, 8):\n"
        "        found = find()                       # lists, and compares metadata['turn_id']\n"
        "        if found: return found\n"
        "        try: return create()                 # with client.with_options(max_retries=0)\n"
        "        except (openai.APIConnectionError, openai.InternalServerError, openai.RateLimitError) as error:\n"
        "            time.sleep(what Retry-After says, or else pause)\n"
        "    raise ...",
    ),
)

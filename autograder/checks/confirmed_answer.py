"""Exercise `confirmed-answer`: the message is confirmed before the run, and the answer is what this run wrote, all of it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from openai import OpenAI
from openai.types.beta import Assistant

from autograder.checks.seen import AS_TYPED, apart, cited, not_stored, of_another_calls_assistant, runs, sent, short
from autograder.checks.somebody_else import SharedWorld, a_colleague_cancels, a_colleague_writes
from autograder.judging.behaviours import Behaviour, Exercise, Found, Occasion, Part, Scene, Sentence, ending_of, unwritten, worth
from threadlab.engine.journal import Entry, Executed
from threadlab.responders.scripted import Scripted
from threadlab.trials.api_family import THREADS, Family, Said
from threadlab.trials.trial import CLIENT, Evidence, World
from threadlab.wire.prompts import Answer, Prompt

TEXT = "What is the capital of Portugal?"
AS_IT_IS = f"  {TEXT}\tThank you,\r\nZoe\u0301. \n\n \n    {AS_TYPED}\u00a0 "
"""A text whose white space, line ends, combining accent and marks are part of it."""


def asked_before(country: str) -> str:
    """A question of an earlier turn. The one that will be asked is among them, word for word."""
    return AS_IT_IS if country == "Portugal" else f"What is the capital of {country}?"


PAGE = 20
"""Messages in one page of a list, unless another number is asked for."""

BAD_ENDS, OTHERS = ("failed", "incomplete", "expired", "cancelled"), ("very talkative",)

TOO_LONG = "Portugal " * 28_445
"""256,005 characters, five more than a message may have."""

LONGEST = "lisboa\U0001f413 " + "¿Portugal? " * 23_272
"""256,000 characters, as many as a message may have: more in UTF-16, and more bytes. It begins with a small letter."""

_COUNTRIES = ("France", "Italy", "Spain", "Portugal", "Greece", "Poland")
EARLIER = 120


class Hesitant:
    """Writes twenty messages, as many as a page holds, two of which are the same. No white space stands around the whole: the statement
    does not say that it is part of the answer."""

    name = "hesitant"

    def respond(self, prompt: Prompt) -> Answer:
        steps = [f"Still looking [{number}]. " for number in range(3, PAGE)]
        return Answer(texts=["One moment, please. ", "One moment, please. ", *steps, *Scripted().respond(prompt).texts])


def _the_assistant(client: OpenAI) -> Assistant:
    """The assistant that is meant; one was made before it, and one after."""
    names = ("Old expert", "Geography expert", "New expert")
    return [client.beta.assistants.create(model="gpt-4o", name=name, instructions="Answer in one sentence.") for name in names][1]


def _long_thread(client: OpenAI) -> dict[str, Any]:
    thread = client.beta.threads.create()
    assistant = _the_assistant(client)
    for number in range(EARLIER // 2):
        country = _COUNTRIES[number % len(_COUNTRIES)]
        client.beta.threads.messages.create(thread.id, role="user", content=asked_before(country))
        client.beta.threads.messages.create(thread.id, role="assistant", content=f"({number + 1}) I have said so before.")
    return {**_given(thread.id, assistant.id, EARLIER), "text": AS_IT_IS}


def _new_thread(client: OpenAI) -> dict[str, Any]:
    thread = client.beta.threads.create()
    return _given(thread.id, _the_assistant(client).id, 0)


def _asked_just_now(client: OpenAI) -> dict[str, Any]:
    """The same question is the newest message there; nobody has answered it. A colleague wrote in the second of the run's start."""
    given = _new_thread(client)
    client.beta.threads.messages.create(given["thread_id"], role="assistant", content="(A colleague) I am here now.")
    client.beta.threads.messages.create(given["thread_id"], role="user", content=TEXT)
    return {**given, "before": 2}


def _asked_again(client: OpenAI) -> dict[str, Any]:
    """Four calls with one text: the second is for another assistant, the third is as the first, the fourth on another thread."""
    given = _new_thread(client)
    thread_id, assistant_id = given["thread_id"], given["settings"]["assistant_id"]
    another = client.beta.assistants.create(model="gpt-4o", name="Second expert", instructions="Answer in one sentence.").id
    first, other_thread = [thread_id, assistant_id], client.beta.threads.create().id
    each = [first, [thread_id, another], first, [other_thread, assistant_id]]
    return {**given, "calls": len(each), "each": each}


def _longest(client: OpenAI) -> dict[str, Any]:
    return {**_new_thread(client), "text": LONGEST}


def _shared_thread(client: OpenAI) -> dict[str, Any]:
    """The same assistant has answered on it before, and has said the same."""
    given = _new_thread(client)
    thread_id, assistant_id = given["thread_id"], given["settings"]["assistant_id"]
    client.beta.threads.messages.create(thread_id, role="user", content="Are you there?")
    earlier = client.beta.threads.runs.create(thread_id, assistant_id=assistant_id)
    return {**given, "before": 1, "earlier": earlier.id}  # this run is over when the trial begins


def _deleted_thread(client: OpenAI) -> dict[str, Any]:
    given = _new_thread(client)
    client.beta.threads.delete(given["thread_id"])
    return {**given, "refuses": True}


def _given(thread_id: str, assistant_id: str, before: int) -> dict[str, Any]:
    return {"thread_id": thread_id, "settings": {"assistant_id": assistant_id}, "before": before, "text": TEXT, "refuses": False}


def _refusing(client: OpenAI) -> dict[str, Any]:
    return {**_new_thread(client), "text": TOO_LONG, "refuses": True}


def _args_of_calls(given: dict[str, Any]) -> list[Any]:
    return [[CLIENT, thread_id, assistant_id, given["text"]] for thread_id, assistant_id in given["each"]]


def _args(given: dict[str, Any]) -> list[Any]:
    return [CLIENT, given["thread_id"], given["settings"]["assistant_id"], given["text"]]


# ---- what the journal shows -------------------------------------------------------------------------------------------------------------


def _posted(evidence: Evidence, family: Family) -> list[Said]:
    """The user messages that came after the earlier ones."""
    return [one for one in family.said(evidence, evidence.given["thread_id"])[evidence.given["before"] :] if one.role == "user"]


def posted_once(evidence: Evidence, family: Family = THREADS) -> Found:
    posted = _posted(evidence, family)
    if "calls" in evidence.given:
        return _posted_by_each_call(evidence, posted, family)
    if len(posted) == 1 and posted[0].text == evidence.given["text"]:
        return None
    if len(posted) == 1:
        says, given = apart(posted[0].text, evidence.given["text"])
        return Sentence("message_says_not_text_given", f"the message {family.place} says {says}, not the text that was given: {given}.")
    if not posted and (taken := evidence.requests("deleteMessage", ok=True)):
        return Sentence("taken_off_again", f"the message was taken off the {family.home} again: {evidence.line(taken[0])}.")
    if not posted and evidence.given["text"] == LONGEST and evidence.ending.how == "raised" and not unwritten(evidence):
        return Sentence(
            "longest_text_not_posted",
            f"a text of {len(LONGEST):,} characters, as many as a message may have, was not posted: it raised {evidence.ending.type}"
            f" ({evidence.ending.message[:200]}).",
        )
    if not posted and not evidence.requests():
        return Occasion.NONE
    if not posted:
        other = [one for one in evidence.requests(ok=True, thread_id=evidence.given["thread_id"]) if one.operation in family.sends]
        shown = f"; it has {evidence.line(other[0])}, which is not the user's" if other and other[0].role == "assistant" else ""
        return Sentence("message_not_given", f"no new user message is {family.place} that was given{shown}.")
    made = [entry for entry in evidence.requests(ok=True) if entry.operation in family.posts]
    return Sentence(
        "has_new_user_messages_one", f"the {family.home} has {len(posted)} new user messages, one was expected: {cited(evidence, made)}."
    )


def _posted_by_each_call(evidence: Evidence, posted: list[Said], family: Family) -> Found:
    calls, text = evidence.given["calls"], evidence.given["text"]
    for home in dict.fromkeys(each[0] for each in evidence.given.get("each", ())):
        here = [one.text for one in family.said(evidence, home) if one.role == "user"]
        expected = [each[0] for each in evidence.given["each"]].count(home)
        if len(here) > expected and text in here:
            return Sentence(
                "on_another_calls_home",
                f"it was called {calls} times, on two {family.home}s, and {home} has {len(here)} of the messages; {expected} should be "
                f"there. Keep no {family.home} between calls.",
            )
        posted = posted if home == evidence.given["thread_id"] else [*posted, *family.said(evidence, home)[:1]]
    asked = sum(one.text == text for one in posted)
    if asked == calls == len(posted):
        return None
    if not evidence.requests():
        return Occasion.NONE
    return Sentence(
        "called_twice_not_asked_twice",
        f"it was called {calls} times with the same text, and {asked} of its messages {'is' if asked == 1 else 'are'} {family.place}: "
        "the same question is asked again by each call.",
    )


def _too_long(evidence: Evidence) -> bool:
    """Whether the text that was given is longer than a message may be, in either family."""
    return len(evidence.given["text"]) >= len(TOO_LONG)


def _shortened(evidence: Evidence, family: Family) -> bool:
    """Whether the text which is too long was cut before it was sent: a refusal names the length of what came."""
    refused = [entry for entry in evidence.requests(ok=False) if entry.operation in family.posts]
    text = evidence.given["text"]
    whole = (str(len(text)), str(len(text.strip())))  # without the white space at its ends it is changed, and not cut
    return bool(refused) and _too_long(evidence) and not any(length in refused[0].error for length in whole)


def _replaced(evidence: Evidence, asked: Sequence[Entry], refused: Sequence[Entry], family: Family) -> Sentence | None:
    """That a message which cannot be taken was not sent as it is, but something else instead of it."""
    if not evidence.given["refuses"] or not (asked or refused):
        return None
    if refused and not _shortened(evidence, family):
        taken = [one for one in evidence.requests(ok=True) if one.operation in family.posts and one.n > refused[0].n]
        ran = taken and (taken[0].operation in family.makers or any(one.n > taken[0].n for one in asked))
        return _went_on(evidence, taken[0], family) if ran else None
    return _went_on(evidence, (*refused, *asked)[0], family)


def refused_starts_no_run(evidence: Evidence, family: Family) -> bool:
    """Whether this is the scene with the text that is too long, and it was taken as it should be."""
    asked = sent(evidence, family.makers)
    if family.travels:  # the refused request may itself have been the one that was to start it
        asked = [entry for entry in asked if any(refused.n < entry.n for refused in evidence.requests(ok=False))]
    raised = evidence.ending.how == "raised" and not unwritten(evidence)
    return evidence.given["refuses"] and not asked and raised and not _shortened(evidence, family)


def _went_on(evidence: Evidence, asked: Entry, family: Family) -> Sentence:
    """What is said of what was sent instead of a message that cannot be taken."""
    line = evidence.line(asked)[:200]
    if not _too_long(evidence):
        return Sentence(
            "thread_is_gone", f"the {family.home} that was given is not there any more, and it went on with another one: {line}."
        )
    return Sentence(
        "text_given_longer_message_may",
        f"the text that was given is longer than a message may be, and another was sent in its place: {line}.",
    )


def confirmed_before_the_run(evidence: Evidence, family: Family = THREADS) -> Found:
    if refused_starts_no_run(evidence, family):
        return None
    asked = sent(evidence, family.makers)
    confirmed = [
        entry for entry in evidence.requests(ok=True) if entry.operation in family.sends and (family.travels or entry.role == "user")
    ]
    refused = [entry for entry in evidence.requests(ok=False) if entry.operation in family.posts]
    if replaced := _replaced(evidence, asked, refused, family):
        return replaced
    if not asked or (refused and refused[0].operation in family.makers):
        if refused and evidence.returned:
            return Sentence(
                "message_refused_nobody_told_let",
                f"{evidence.line(refused[0])}: the message was refused, and nobody was told; let the error reach the caller.",
            )
        if len(refused) > 1:
            return Sentence(
                "message_refused_sent_again",
                f"the message was refused ({evidence.line(refused[0])}), and sent again: {evidence.line(refused[1])}.",
            )
        return ending_of(evidence) or Occasion.NONE
    if confirmed and confirmed[0].n < asked[0].n:
        return None
    if refused and refused[0].n < asked[0].n:
        return Sentence(
            "message_refused_started_same",
            f"the message was refused ({evidence.line(refused[0])}), and the {family.run} was started all the same: "
            f"{evidence.line(asked[0])}.",
        )
    text = evidence.given["text"][:500].strip()
    carried = [entry for entry in asked if any(text == one.strip() for one in entry.texts)]
    if family.travels and asked[0] in carried:
        return None
    if asked[0].n < (confirmed[0].n if confirmed else 0):
        return Sentence(
            "sent_before_message_only",
            f"the {family.run} was sent before the message: {evidence.line(asked[0])}, and only then {evidence.line(confirmed[0])}.",
        )
    if carried:
        return Sentence(
            "message_travelled_request_started_run",
            f"the message travelled in the request that started the run, so no id had confirmed it before: {evidence.line(carried[0])}.",
        )
    return Sentence(
        "sent_no_reply_had_confirmed", f"the {family.run} was sent, and no reply had confirmed a message before: {evidence.line(asked[0])}."
    )


def _assistants_of_calls(evidence: Evidence, started: Sequence[Executed], family: Family) -> Found:
    """Each call starts a run of the assistant that it was given. How many there are is for `posted_once` to say."""
    each = evidence.given.get("each", ())
    if len(started) != len(each):
        return Occasion.NONE
    return of_another_calls_assistant(evidence, started, [assistant_id for _, assistant_id in each], family)


def one_run(evidence: Evidence, family: Family = THREADS) -> Found:
    started = runs(evidence, family)
    if not started:
        return Occasion.NONE
    if "calls" in evidence.given:
        return _assistants_of_calls(evidence, started, family)
    if len(started) > 1:
        return Sentence("s_created_one_message", f"{len(started)} {family.run}s were created for one message: {cited(evidence, started)}.")
    if unstored := not_stored(evidence, started, family):
        return unstored
    run = family.run_of(evidence, started[0].work_id)
    if run is None or started[0].home_id != evidence.given["thread_id"]:
        return Sentence(
            "another_one_given", f"the {family.run} is on another {family.home} than the one that was given: {evidence.line(started[0])}."
        )
    for name, wanted in evidence.given["settings"].items():
        if getattr(run, name) != wanted:
            return f"the {family.run} {_SETTINGS[name]}: {evidence.line(started[0])}."
    return None


_SETTINGS = {
    "assistant_id": "is not one of the assistant whose id was given",
    "model": "was made with another model than MODEL",
    "instructions": "was made without INSTRUCTIONS, or with others",
}


def _nothing_to_look_at(evidence: Evidence, started: Sequence[Executed], family: Family) -> Found:
    """Why what a run came to cannot be judged: none was started, or it was not stored."""
    return not_stored(evidence, started, family) if started else Occasion.NONE


def _answers_of_calls(evidence: Evidence, family: Family) -> Found:
    """Each call of one process returns what its own run wrote."""
    started, values = runs(evidence, family), evidence.value
    if len(started) != evidence.given["calls"] or not isinstance(values, list) or len(values) != len(started):
        return Occasion.NONE
    for number, (value, one) in enumerate(zip(values, started, strict=True), 1):
        wrote = family.wrote(evidence, one.work_id)
        wanted = "\n".join(wrote)
        if len(wrote) <= PAGE and value != wanted:  # whether more are all there is for other scenes to say
            return Sentence(
                "call_returned_anothers",
                f"it was called {len(values)} times, and call {number} returned {short(value)}; its {family.run} wrote {wanted!r}. Keep "
                "nothing between calls.",
            )
    return None


def answer_of_this_run(evidence: Evidence, family: Family = THREADS) -> Found:
    started = runs(evidence, family)
    if "calls" in evidence.given:
        return _answers_of_calls(evidence, family)
    if nothing := _nothing_to_look_at(evidence, started, family):
        return nothing
    run_id = started[-1].work_id
    if not family.over(evidence, run_id):
        return Sentence(
            "returned_while_still_going_had",
            f"it returned {short(evidence.value)} while the {family.run} was still going: {evidence.line(started[-1])} had not ended.",
        )
    wanted = "\n".join(family.wrote(evidence, run_id))
    value = evidence.value
    if not isinstance(value, str):
        return Sentence("returned_not_string", f"it returned {short(value)}, not a string.")
    if value == wanted:
        return None
    if value.strip() == wanted.strip():
        return Sentence("white_space_around", f"it returned {short(value)}; the {family.run} wrote {wanted!r}, with no other white space.")
    said = wanted.split("\n")
    if len(said) > 1 and value:  # whether they are all there, and in order, is another question
        strangers = [line for line in value.split("\n") if line not in said and joint(value, said) is None]
        return _not_of_this_run(strangers[0], family) if strangers else None
    return _whose(evidence, value, family) or f"it returned {short(value)}; what the {family.run} wrote is {wanted!r}."


def joint(value: str, said: Sequence[str]) -> str | None:
    """What stands between the texts, if the value is these texts in order with the same between any two; None if it is not."""
    if not said:
        return None
    first, second = said[0], said[1] if len(said) > 1 else ""
    end = value.find(second, len(first)) if value.startswith(first) and second else -1
    between = value[len(first) : end]
    return between if end >= 0 and value == between.join(said) else None


def _not_of_this_run(line: str, family: Family) -> Sentence:
    return Sentence(
        "holds_what_this_run_did_not_write",
        f"what it returned has {short(line)} in it, which this {family.run} did not write: ask which messages {_ASK[family.run]}.",
    )


def _whose(evidence: Evidence, value: str, family: Family) -> str | None:
    messages = family.said(evidence, evidence.given["thread_id"])
    for number, message in enumerate(messages):
        if message.text.strip() == value.strip():
            who = (
                "your own message"
                if message.role == "user"
                else f"a message that was there before (number {number + 1} of {len(messages)})"
            )
            return Sentence(
                "returned_which_ask_which_messages", f"it returned {short(value)}, which is {who}: ask which messages {_ASK[family.run]}."
            )
    return None


_ASK = {"run": "have this run's id", "response": "the response itself wrote, which are in its output"}


def failed_run_is_no_answer(evidence: Evidence, family: Family = THREADS) -> Found:
    started = runs(evidence, family)
    if nothing := _nothing_to_look_at(evidence, started, family):
        return nothing
    if evidence.ending.how == "raised":
        return (
            None
            if family.over(evidence, started[-1].work_id)
            else Sentence("raised_before_had_ended", f"it raised {evidence.ending.type} before the {family.run} had ended.")
        )
    if evidence.ending.how == "halted":
        return Sentence(
            "had_failed_failed_end_too", f"the {family.run} had failed, and it {evidence.ending.message}: `failed` is an end, too."
        )
    ends = [(one, getattr(family.run_of(evidence, one.work_id), "status", "gone")) for one in started]
    ended = next(((one, status) for one, status in ends if status != "completed"), None)
    if ended is None:
        return Occasion.NONE
    run, status = ended
    if status not in family.ends:
        return Sentence(
            "returned_before_had_ended", f"it returned {short(evidence.value)} while the {family.run} was {status}: {evidence.line(run)}."
        )
    wrote = family.wrote(evidence, run.work_id)
    nothing = "" if wrote else " and wrote nothing"
    mine = "" if evidence.value in ("", None, "\n".join(wrote)) else f", which this {family.run} did not write"
    return Sentence(
        "failed_wrote_nothing_returned_raise",
        f"the {family.run} ended as {status}{nothing} ({evidence.line(run)}), and it returned {short(evidence.value)}{mine}: "
        "raise an error.",
    )


def all_replies_in_order(evidence: Evidence, family: Family = THREADS) -> Found:
    started = runs(evidence, family)
    if nothing := _nothing_to_look_at(evidence, started, family):
        return nothing
    said = family.wrote(evidence, started[-1].work_id)
    value = evidence.value
    if not isinstance(value, str):
        return Sentence("returned_not_string_2", f"it returned {short(value)}, not a string.")
    if value == "\n".join(said):
        return None
    if value.strip() == "\n".join(reversed(said)):
        return Sentence(
            "replies_are_newest_first_belong",
            f"the {len(said)} replies of the {family.run} are there, newest first; "
            "they belong together in the order in which they were written.",
        )
    got = [text for text in said if text in value.split("\n")]
    if sorted(got) == sorted(said) and sorted(value.split("\n")) == sorted(said):
        if len(said) > PAGE:
            return Sentence(
                "replies_are_wrong_order_pages",
                f"all {len(said)} replies are there, in the wrong order: a list has pages, so reverse the whole list, not each page by "
                "itself.",
            )
        return Sentence(
            "replies_are_wrong_order_created",
            "all replies are there, in the wrong order: `created_at` has whole seconds, too coarse to sort by; the list has an order.",
        )
    if value.strip() == "".join(said):
        return Sentence(
            "replies_are_joined_nothing_output",
            f"the {len(said)} replies are joined by nothing, as `output_text` does it; a newline was expected: {short(value)}.",
        )
    if len(said) > PAGE:  # whether they are all there is for `every_page` to say, and what joins them is seen where they are fewer
        return None
    if (between := joint(value, said)) is not None:
        return Sentence(
            "replies_are_joined_by_another",
            f"the {len(said)} replies are joined by {between!r}; a newline was expected between them: {short(value)}.",
        )
    if len(got) < len(said):
        return Sentence(
            "wrote_messages_returned_them",
            f"the {family.run} wrote {len(said)} messages, and it returned {len(got)} of them: {short(value)}.",
        )
    return Sentence(
        "returned_s_messages_joined_newline",
        f"it returned {short(value)}; the {family.run}'s {len(said)} messages joined by a newline were wanted, and nothing else.",
    )


def _twice(text: str, family: Family) -> Sentence:
    return Sentence(
        "a_reply_twice",
        f"the {family.run} wrote {short(text)} once, and what it returned has it twice: a page begins where the last one ended.",
    )


def every_page(evidence: Evidence, family: Family = THREADS) -> Found:
    started = runs(evidence, family)
    if nothing := _nothing_to_look_at(evidence, started, family):
        return nothing
    said = family.wrote(evidence, started[-1].work_id)
    if not isinstance(evidence.value, str):
        return Sentence("returned_not_string_3", f"it returned {short(evidence.value)}, not a string.")
    got = evidence.value.split("\n")
    if said and (not Counter(said) - Counter(got) or joint(evidence.value, said) is not None):
        twice = next((text for text in said if got.count(text) > said.count(text)), None)
        return None if twice is None else _twice(twice, family)
    lists = cited(evidence, evidence.requests(family.lists))
    read = f" It read: {lists}." if lists else ""
    return Sentence(
        "wrote_messages_them_are_what",
        f"the {family.run} wrote {len(said)} messages; {sum(text in got for text in said)} of them are in what it returned.{read}",
    )


def behaviours(
    family: Family,
    points: Mapping[str, int],
    bad_ends: tuple[str, ...] = ("failed",),
    others: tuple[str, ...] = (),
    shared: tuple[str, ...] = (),
    refusals: tuple[str, ...] = ("refused",),
    texts: tuple[str, ...] = (),
    again: tuple[str, ...] = (),
    retried: tuple[str, ...] = (),
) -> tuple[Behaviour, ...]:
    """What is checked of an answer to one message, in the words of a family. `points` names those that are, and what each is worth.

    Scenes: `long` (which stands first), `several`, `talkative`, `refusals`, `bad_ends`, `others`, in which all is well, too, `shared`,
    in which somebody else writes as well, `texts`, of which only is asked what was posted, `again`, in which there is a second call, and
    `retried`, in which a request that did nothing has to be sent again.
    """
    run = family.run
    confirmed = f"The id of the message is known before the {run} is sent; a message that is refused starts no {run}."
    known = f"No {run} is started without its message, and a message that is refused starts none."
    found = (
        Behaviour(
            "posted_once",
            1,
            f"The text is {family.place} once, as it was given.",
            partial(posted_once, family=family),
            ("long", *texts),
            any_ending=True,
        ),
        Behaviour(
            "confirmed_before_the_run",
            1,
            known if family.travels else confirmed,
            partial(confirmed_before_the_run, family=family),
            ("long", *refusals),
            any_ending=True,
        ),
        Behaviour(
            "one_run",
            1,
            f"Exactly one {run} is created, however it ends.",
            partial(one_run, family=family),
            ("long", "several", *bad_ends, *others, *shared, *retried, *again),
            any_ending=True,
        ),
        Behaviour(
            "answer_of_this_run",
            1,
            f"What is returned was written by this {run}.",
            partial(answer_of_this_run, family=family),
            ("long", *shared, *again),
        ),
        Behaviour(
            "failed_run_is_no_answer",
            1,
            f"When the {run} fails, an error is raised and no earlier text returned.",
            partial(failed_run_is_no_answer, family=family),
            bad_ends,
            any_ending=True,
        ),
        Behaviour(
            "all_replies_in_order",
            1,
            f"Several replies in one {run} are all returned, oldest first, joined by a newline.",
            partial(all_replies_in_order, family=family),
            ("several", *shared, *others),
        ),
        Behaviour(
            "every_page",
            1,
            "More replies than a page holds are still all returned.",
            partial(every_page, family=family),
            ("talkative", *others),
        ),
    )
    return worth(found, points)


SHARED, REFUSALS, TEXTS = ("shared",), ("refused", "no such thread"), ("several", "twice", "cancelled")
AGAIN = ("twice",)


def _shared() -> World:
    return SharedWorld(_shared_thread, a_colleague_writes("(A colleague) It is raining here."), responder=Hesitant(), later=20.0)


EXERCISE = Exercise(
    slug="confirmed-answer",
    parts=(
        Part(
            "ask",
            behaviours(
                THREADS,
                {
                    "posted_once": 1,
                    "confirmed_before_the_run": 3,
                    "one_run": 1,
                    "answer_of_this_run": 3,
                    "failed_run_is_no_answer": 2,
                    "all_replies_in_order": 3,
                    "every_page": 1,
                },
                BAD_ENDS,
                OTHERS,
                SHARED,
                REFUSALS,
                TEXTS,
                AGAIN,
            ),
            (
                Scene("long", lambda: World(_long_thread, scenario="queued:20 slow:37"), _args),
                Scene("refused", lambda: World(_refusing), _args),
                Scene("no such thread", lambda: World(_deleted_thread), _args),
                Scene("failed", lambda: World(_long_thread, scenario="run_failed"), _args),
                Scene("incomplete", lambda: World(_new_thread, scenario="run_incomplete"), _args),
                Scene("expired", lambda: World(_long_thread, scenario="run_expired"), _args),
                Scene("cancelled", lambda: SharedWorld(_longest, a_colleague_cancels, scenario="slow:100"), _args),
                Scene("shared", _shared, _args),
                Scene("several", lambda: World(_asked_just_now, scenario="replies:5"), _args),
                Scene("twice", lambda: World(_asked_again, scenario="replies:100@createRun#4"), _args_of_calls, driver="calls"),
                Scene("talkative", lambda: World(_new_thread, scenario="replies:25"), _args),
                Scene("very talkative", lambda: World(_new_thread, scenario="replies:101"), _args),
            ),
            promises={
                "what this run wrote, of few, of many or of no earlier messages": ("long", "several", "very talkative"),
                "more replies than a page of 20 or of 100 holds, or just as many": ("talkative", "very talkative", *SHARED, *AGAIN),
                "this run, and not an earlier one of the same assistant, nor what a colleague writes": ("several", *SHARED, *AGAIN),
                "the text as it was given, once for each call, whatever was asked before": ("long", *TEXTS),
                "a run that ends in anything but completed": BAD_ENDS,
                "a message that is refused, for whatever reason, starts no run": REFUSALS,
            },
        ),
    ),
    hints=(
        "Which of the thread's messages did *this* run write? Every message of an assistant carries the id of its run.",
        "`messages.list` takes `run_id` and `order`. Without `order` the newest message comes first; without a loop you see one page of 20 "
        "(`for message in client.beta.threads.messages.list(...)` reads every page).",
        'message = client.beta.threads.messages.create(thread_id, role="user", content=text)      # raises when it is refused\n'
        "run = client.beta.threads.runs.create_and_poll(thread_id=thread_id, assistant_id=assistant_id)\n"
        "if run.status != 'completed': raise RuntimeError(...)\n"
        'replies = client.beta.threads.messages.list(thread_id, run_id=run.id, order="asc")       # then join their texts',
    ),
)

"""Exercise `stream-turn`: the words as they are written, and the same text in the end wherever the stream breaks off."""

from collections.abc import Callable
from typing import Any

from openai import OpenAI

from autograder.checks.seen import MOMENT, before_its_message, cited, of_another_assistant, otherwise, short
from autograder.judging.behaviours import Behaviour, Exercise, Found, Occasion, Part, Scene, Sentence, ending_of, unwritten
from threadlab.engine.drafts import piece_times, pieces
from threadlab.engine.journal import CallbackUsed, Entry
from threadlab.trials.host import Limits
from threadlab.trials.trial import CLIENT, ON_TEXT, Evidence, World
from threadlab.wire.assistants import Message
from threadlab.wire.prompts import Answer, Prompt
from threadlab.wire.statuses import RUN_ENDS

TEXT = f"{'Grüße an alle! <b>Über uns</b> & andere. ' * 16}What is the capital of Portugal? "
"""Longer than metadata can hold, and with characters that a program might change."""
EVENTS = 17
"""How many events the stream of the run has: ten around the text, and a delta for each of the seven pieces of the answer."""
RUNNING = 3
"""After so many events the run is in progress and has written nothing."""
WAITING, QUEUED = 2, 30
"""After so many events the run is queued, and it stays so for that many seconds."""
LONG = 150
"""Seconds that the long run works: longer than anybody sleeps who does not look."""
TOO_LONG, SOME_WORDS = 700, 11
"""A run that works so long expires after 600 seconds. It has written four pieces when its stream is cut after so many events."""
EXPIRES = f"slow:{TOO_LONG}@createRun#1 stream_cut:{SOME_WORDS}@createRun#1"
NAMES = ("Madrid", "Lisbon", "Lisboa", "Lissabon")
POLLS = Limits(polls=1200)
"""For the run that expires: who does not read its stream may poll it all the while."""
SOON = 10
"""So many seconds after the run's end the answer must be there, if nothing goes wrong."""


class Spaced:
    """Writes seven pieces: a space by itself three times, two of them in a row, a line break at the beginning, within and at the end, and
    the first words once more. Each turn's answer differs from the one before.

    In each are characters of two to four bytes, a ligature, and an accent that is a character of its own.
    """

    name = "spaced"

    def respond(self, prompt: Prompt) -> Answer:
        city = NAMES[min(len(prompt.turns) // 2, len(NAMES) - 1)]
        return Answer(texts=[f"\n{city}é.   Oﬃce e\u0301🙂\n{city}é.  \n"])


def _second_turn(client: OpenAI) -> dict[str, Any]:
    """A thread on which one turn was taken already, run and all."""
    thread = client.beta.threads.create(messages=[{"role": "user", "content": "What is the capital of Spain?"}])
    assistant = client.beta.assistants.create(model="gpt-4o", name="Geography expert", instructions="Answer in one sentence.")
    with client.beta.threads.runs.stream(thread_id=thread.id, assistant_id=assistant.id) as stream:
        stream.until_done()
    return {"thread_id": thread.id, "assistant_id": assistant.id, "messages": 2, "runs": 1, "turns": 1}


def _two_turns(client: OpenAI) -> dict[str, Any]:
    return {**_second_turn(client), "turns": 2}


def _args_twice(given: dict[str, Any]) -> list[Any]:
    return [_args(given)] * 2


def _args(given: dict[str, Any]) -> list[Any]:
    return [CLIENT, given["thread_id"], given["assistant_id"], TEXT, ON_TEXT]


# ---- what the journal shows -------------------------------------------------------------------------------------------------------------


def _said(evidence: Evidence) -> list[Message]:
    """The messages that came after those that were there."""
    return evidence.messages(evidence.given["thread_id"])[evidence.given["messages"] :]


def _stored_answers(evidence: Evidence) -> list[str]:
    """What the service keeps as the answer of each turn: those of the newest runs, should there be more of them than turns."""
    said = [one for one in _said(evidence) if one.role == "assistant"]
    newest = list(dict.fromkeys(one.run_id for one in said))[-evidence.given["turns"] :]
    return ["\n".join(one.text for one in said if one.run_id == run_id) for run_id in newest]


def _stored(evidence: Evidence) -> str:
    """All that is to be on the screen in the end."""
    return "".join(_stored_answers(evidence))


def _heard(evidence: Evidence) -> list[CallbackUsed]:
    """The calls of on_text, empty strings left out."""
    return [entry for entry in evidence.journal if isinstance(entry, CallbackUsed) and entry.operation == "on_text" and entry.text]


def _cut(evidence: Evidence) -> Entry | None:
    """Where the stream broke off: None if there was none, or if nobody read it that far."""
    return next((entry for entry in evidence.journal if entry.what == "lost" and entry.operation == "stream"), None)


def _one_message(evidence: Evidence) -> str | None:
    posted = [one.text for one in _said(evidence) if one.role == "user"]
    turns = evidence.given["turns"]
    if posted == [TEXT] * turns:
        return None
    made = [one for one in evidence.requests(ok=True) if one.operation in ("createMessage", "createRun")]
    if turns > 1:
        count = f"{len(posted)} message{'' if len(posted) == 1 else 's'}"
        return Sentence("messages_of_turns", f"{turns} turns put {count} on the thread: {cited(evidence, made)}.")
    if len(posted) > 1:
        return Sentence("message_thread_times", f"the message is on the thread {len(posted)} times: {cited(evidence, made)}.")
    instead = otherwise(_said(evidence), TEXT)
    if instead or not posted:
        return Sentence("message_not_thread", f"the message is not on the thread{f': {instead}' if instead else ''}.")
    return Sentence("message_thread_says", f"the message on the thread says {short(posted[0])}.")


def _one_run(evidence: Evidence) -> str | None:
    count = len(evidence.runs(evidence.given["thread_id"])) - evidence.given["runs"]
    turns = evidence.given["turns"]
    if count == turns:
        started = [one for one in evidence.requests("createRun", ok=True) if one.run_id]
        return of_another_assistant(evidence, started) or before_its_message(evidence, started, TEXT)
    if count < turns:
        return Sentence("no_run_made_turn_one", "no run was made for this turn; the newest one on the thread is of the turn before.")
    made = cited(evidence, evidence.requests("createRun", ok=True))
    what = "one turn" if turns == 1 else f"{turns} turns"
    return Sentence(
        "runs_made_one_turn_run",
        f"{count} runs were made for {what}: {made}. A run goes on when nobody listens; a new one answers, and costs, again.",
    )


def _too_early(evidence: Evidence) -> str | None:
    """That the answer returned before its run was over; None if it did not."""
    status = next((run.status for run in evidence.runs(evidence.given["thread_id"])[evidence.given["runs"] :]), None)
    if not evidence.returned or status is None or status in RUN_ENDS:
        return None
    return Sentence(
        "returned_while_run_goes_when",
        f"it returned {short(evidence.value)} while the run was {status}: that goes on when nobody listens, so wait for its end.",
    )


def _right_value(evidence: Evidence) -> str | None:
    if early := _too_early(evidence):
        return early
    if evidence.given["turns"] > 1:
        return _right_values(evidence)
    stored = _stored(evidence)
    if stored and evidence.value == stored:
        return None
    if isinstance(evidence.value, str) and stored and evidence.value.strip() == stored.strip():
        return Sentence(
            "returned_without_its_white_space",
            f"it returned {short(evidence.value)}; what the service has stored is {short(stored)}: white space is a part of it.",
        )
    return Sentence(
        "returned_what_service_has_stored",
        f"it returned {short(evidence.value)}; what the service has stored is {short(stored) if stored else 'no answer at all'}.",
    )


def _right_values(evidence: Evidence) -> str | None:
    """The same for several turns."""
    stored = _stored_answers(evidence)
    if stored == evidence.value:
        return None
    return Sentence("turns_returned", f"the turns returned {short(evidence.value)}; what the service has stored is {short(stored)}.")


def _heard_all(evidence: Evidence) -> str | None:
    heard, stored = "".join(one.text for one in _heard(evidence)), _stored(evidence)
    if heard == stored:
        return None
    if early := _too_early(evidence):
        return early
    if not heard:
        return Sentence("text_never_called_answer", f"on_text was never called; the answer was {short(stored)}.")
    if stored.startswith(heard):
        return Sentence("text_left_rest_missing", f"on_text was left with {short(heard)}: the rest of {short(stored)} is missing.")
    return Sentence("put_together_text_given_what", f"put together, on_text was given {short(heard)}; what is stored is {short(stored)}.")


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _where(evidence: Evidence, found: str | None) -> str | None:
    cut = _cut(evidence)
    return f"{found} (The stream: {evidence.line(cut)}.)" if found and cut else found


def answers(evidence: Evidence) -> Found:
    if not evidence.requests():
        return Occasion.NONE
    return _one_message(evidence) or _one_run(evidence) or _right_value(evidence) or _late(evidence)


def _late(evidence: Evidence) -> str | None:
    ended = _ended(evidence)
    if ended is None:
        return _not_completed(evidence)
    spare = evidence.start + evidence.seconds - ended.at
    if spare <= SOON:
        return None
    return Sentence(
        "returned_s_after_run_had",
        f"it returned {spare:.1f} s after the run had ended ({evidence.line(ended)}): wait for the run, not for a time of your own.",
    )


def _ended(evidence: Evidence, turn: int = 0) -> Entry | None:
    """Where the run of a turn had completed in the trial; None if it has not."""
    completed = [one for one in evidence.journal if one.what == "run" and one.state == "completed"]
    return completed[turn] if turn < len(completed) else None


def _not_completed(evidence: Evidence) -> Sentence:
    """What is said of runs of which one did not complete although nothing went wrong."""
    made = evidence.runs(evidence.given["thread_id"])[evidence.given["runs"] :]
    ends = ", ".join(run.status for run in made)
    return Sentence("run_did_not_complete", f"nothing went wrong, and its runs did not all complete: {ends}.")


def streams_the_words(evidence: Evidence) -> Found:
    heard = _heard(evidence)
    if not evidence.requests() and not heard:
        return Occasion.NONE
    if wrong := _heard_all(evidence):
        return wrong
    at, lengths = 0, [len(answer) for answer in _stored_answers(evidence)]
    for turn, length in enumerate(lengths):
        its, size = list[CallbackUsed](), 0
        while at < len(heard) and size < length:
            its.append(heard[at])
            size += len(heard[at].text)
            at += 1
        if wrong := _not_live(evidence, turn, its):
            return wrong
    return None


def _not_live(evidence: Evidence, turn: int, heard: list[CallbackUsed]) -> str | None:
    """What is wrong with when and how the words of a turn were handed on; None if nothing is."""
    ended = _ended(evidence, turn)
    if ended is None:
        return _not_completed(evidence)
    late = [one for one in heard[:-1] if one.at >= ended.at]
    if late:
        return Sentence(
            "run_had_ended_when_text",
            f"the run had ended ({evidence.line(ended)}) when on_text was given {evidence.line(late[0])}: hand each word on as it arrives.",
        )
    wanted = pieces(_stored_answers(evidence)[turn])
    if [one.text for one in heard] != wanted:
        return Sentence(
            "text_called_stream_had_deltas",
            f"on_text was called {_times(len(heard))}, and the stream had {len(wanted)} deltas: hand each one on by itself.",
        )
    return _held_back(evidence, turn, heard, ended)


def _held_back(evidence: Evidence, turn: int, heard: list[CallbackUsed], ended: Entry) -> str | None:
    """That on_text was given a delta only when the next one had come, or the end; None if it was not."""
    begun = next(one for one in evidence.journal if one.what == "message" and one.state == "in_progress" and one.run_id == ended.run_id)
    _, *next_ones = piece_times(_stored_answers(evidence)[turn], begun.at, ended.at)
    late = next((one for one, next_at in zip(heard, [*next_ones, ended.at], strict=True) if one.at >= next_at - MOMENT), None)
    if late is None:
        return None
    return Sentence("delta_held_back", f"the stream had gone on when on_text was given {evidence.line(late)}: hand each delta on at once.")


def recovers_the_text(evidence: Evidence) -> Found:
    return _where(evidence, _right_value(evidence)) if _cut(evidence) else Occasion.NONE


def one_run(evidence: Evidence) -> Found:
    return _where(evidence, _one_message(evidence) or _one_run(evidence)) if _cut(evidence) else Occasion.NONE


def nothing_twice_nothing_missing(evidence: Evidence) -> Found:
    return _where(evidence, _heard_all(evidence)) if _cut(evidence) else Occasion.NONE


def not_even_the_first_event(evidence: Evidence) -> Found:
    lost = next((one for one in evidence.journal if one.what == "lost" and one.operation == "createRun"), None)
    if lost is None:
        return Occasion.NONE
    ended = ending_of(evidence)
    found = ended or _one_message(evidence) or _one_run(evidence) or _right_value(evidence) or _heard_all(evidence)
    return (
        Sentence(ended.key if ended else "not_even_the_first_event", f"{found} (It began with {evidence.line(lost)}.)") if found else None
    )


def a_failed_run_is_an_error(evidence: Evidence) -> Found:
    runs = evidence.runs(evidence.given["thread_id"])[evidence.given["runs"] :]
    if not runs or unwritten(evidence):
        return Occasion.NONE
    if evidence.ending.how == "halted":
        return Sentence("run", f"the run was {runs[0].status}, and it {evidence.ending.message}.")
    if early := _too_early(evidence):
        return early
    if len(runs) > 1:
        return _one_run(evidence)
    if evidence.returned:
        return Sentence(
            "run_returned_caller_must_hear",
            f"the run was {runs[0].status}, and it returned {short(evidence.value)}: the caller must hear of it.",
        )
    if runs[0].status not in RUN_ENDS:
        return Sentence(
            "raised_while_run_after_cut",
            f"it raised {evidence.ending.type}: {evidence.ending.message} while the run was {runs[0].status}: after a cut, wait for the "
            "run's end, and say how it ended.",
        )
    if runs[0].status not in evidence.ending.message:
        raised = f"{evidence.ending.type}: {evidence.ending.message}"
        return Sentence(
            "run_raised_who_reads_log",
            f"the run was {runs[0].status}, and it raised {raised}; who reads that in a log needs the word {runs[0].status}.",
        )
    return None


def _in(scenario: str, setup: Callable[[OpenAI], dict[str, Any]] = _second_turn) -> Callable[[], World]:
    return lambda: World(setup, scenario=scenario, responder=Spaced(), limits=POLLS if scenario == EXPIRES else None)


CUTS = {f"cut after {count} of {EVENTS} events": f"stream_cut:{count}@createRun#1" for count in range(1, EVENTS + 1)}
CUT_LONG = {
    "cut early in a long run": f"slow:{LONG}@createRun#1 stream_cut:{RUNNING}@createRun#1",
    "cut while the run is queued": f"queued:{QUEUED}@createRun#1 stream_cut:{WAITING}@createRun#1",
}
CALM = "two turns, and nothing goes wrong"
AGAIN = "the stream of a second turn is cut"
NOTHING = {
    "reply lost": "reply_lost@createRun#1",
    "started, 500 said": "500_after@createRun#1",
    "reply never came": "reply_silent@createRun#1",
}
NOT_SENT = "the request of a second turn is lost on its way"
FAILING = {
    "run fails": "run_failed@createRun#1",
    "run expires": "run_expired@createRun#1",
    "run stops incomplete": "run_incomplete@createRun#1",
    "cut, and the run fails": f"run_failed@createRun#1 stream_cut:{RUNNING}@createRun#1",
    "cut after some words, and the run expires": EXPIRES,
}

EXERCISE = Exercise(
    slug="stream-turn",
    parts=(
        Part(
            "stream_turn",
            (
                Behaviour("answers", 2, "When nothing goes wrong: one message, one run, the stored text returned.", answers),
                Behaviour("streams_the_words", 3, "on_text gets each delta, when it arrives.", streams_the_words, ("plain", CALM)),
                Behaviour(
                    "recovers_the_text",
                    4,
                    "Cut off after any event, the stored text is returned.",
                    recovers_the_text,
                    (*CUTS, *CUT_LONG),
                ),
                Behaviour("one_run", 3, "Cut off after any event, there is one message and one run.", one_run, tuple(CUTS)),
                Behaviour(
                    "nothing_twice_nothing_missing",
                    3,
                    "Cut off after any event, what on_text was given adds up to the stored text.",
                    nothing_twice_nothing_missing,
                    (*CUTS, AGAIN),
                ),
                Behaviour(
                    "not_even_the_first_event",
                    3,
                    "The same when the reply is lost before the first event, or the request on its way.",
                    not_even_the_first_event,
                    (*NOTHING, NOT_SENT),
                    any_ending=True,
                ),
                Behaviour(
                    "a_failed_run_is_an_error",
                    2,
                    "A run that ends in anything but completed raises, whether the stream says so or was cut before.",
                    a_failed_run_is_an_error,
                    tuple(FAILING),
                    any_ending=True,
                ),
            ),
            (
                Scene("plain", _in(""), _args),
                Scene(CALM, _in("", _two_turns), _args_twice, driver="calls"),
                *(Scene(name, _in(scenario), _args) for name, scenario in (CUTS | CUT_LONG | NOTHING | FAILING).items()),
                Scene(AGAIN, _in(f"stream_cut:{EVENTS - 4}@createRun#2", _two_turns), _args_twice, driver="calls"),
                Scene(NOT_SENT, _in("request_lost@createRun#2", _two_turns), _args_twice, driver="calls"),
            ),
            promises={
                "once for each delta with text, with its words as they are": ("plain", CALM),
                "cut off after any of its 17 events, the first and the last included": tuple(CUTS),
                "when the run goes on for minutes": tuple(CUT_LONG),
                "put together, must be exactly the answer, however the stream went": (*CUTS, AGAIN, *NOTHING, NOT_SENT),
                "called turn after turn in one program": (AGAIN, NOT_SENT),
                "carried out and its reply lost, or a 500, or no reply for ten minutes; or the request itself is lost": (
                    *NOTHING,
                    NOT_SENT,
                ),
                "with the status that the run ended with in its text": tuple(FAILING),
            },
        ),
    ),
    hints=(
        "When the stream breaks off, what is still running, and where? Which id do you need to look at it, and which event contained it?",
        "Remember the run's id from the first event, and what you have handed to on_text. After a break: retrieve the run until it has "
        "ended, list its messages, and give on_text the part that it does not have yet. If not even the first event came, look for a run "
        "with your own key in its metadata, and start one only if there is none.",
        "said = ''\n"
        "try:\n"
        "    for event in once.beta.threads.runs.create(thread_id, assistant_id=assistant_id, metadata=key, stream=True):\n"
        "        if event.event == 'thread.run.created': run = event.data\n"
        "        if event.event == 'thread.message.delta': ... on_text(piece); said += piece\n"
        "except (openai.APIConnectionError, openai.InternalServerError): pass   # with runs.stream(): httpx2.TransportError too\n"
        "if run is None: ... find it by its key, or start one ...\n"
        "run = client.beta.threads.runs.poll(run.id, thread_id=thread_id); raise unless it completed\n"
        "text = ... messages.list(thread_id, run_id=run.id) ...\n"
        "on_text(text[len(said):]); return text",
    ),
)

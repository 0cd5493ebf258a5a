"""Exercise `first-turn`: one question, one run, the assistant's answer."""

from collections.abc import Callable
from typing import Any

from openai import OpenAI

from autograder.checks.drawn import drawn
from autograder.checks.seen import cited, otherwise, over, replies, runs, short, threads, written_by
from autograder.judging.behaviours import Behaviour, Exercise, Found, Occasion, Part, Scene, Sentence
from threadlab.engine.journal import Executed, RunChanged
from threadlab.trials.api_family import THREADS
from threadlab.trials.trial import CLIENT, Evidence, World

SCENES = ("plain", "slow", "polite")
"""Two questions about countries, and a long letter that is easily changed on its way. The second run takes nearly a minute."""

LOOKS = ("getRun", "listRuns", "listRunSteps", "getRunStep")
"""Requests whose reply says how a run is getting on."""

TOO_LONG = 30.0
"""Seconds after the end of a run for which nobody waits who has not decided beforehand how long to wait."""


def _country(scene: str) -> str:
    """Another one in each scene, so that no constant is right in all; a scene of a teacher's own draws by itself."""
    if scene in SCENES:
        return drawn("first-turn", len(SCENES))[SCENES.index(scene)]
    return drawn(f"first-turn {scene}", 1)[0]


def _letter(question: str) -> str:
    """A question in a letter of more than 4,096 characters: white space at both ends, and what people escape, unescape, expand or fold."""
    notes = "- one more line of what we have tried\n" * 120
    fragile = "Zoe\u0301 & I ask this for our \ufb01nal <b>{quiz}</b>,  at C:\\new, with {{braces}}, 100 %% and \u201cR&amp;D\u201d:\r\n"
    return f"  dear expert,\n\n{fragile}{notes}{question}\n"


def _asking(scene: str) -> Callable[[OpenAI], dict[str, Any]]:
    """The world's setup: the assistant that is meant, and one that was made before and after it."""

    def setup(client: OpenAI) -> dict[str, Any]:
        made = [client.beta.assistants.create(model="gpt-4o", name=name).id for name in ("Old expert", "Geography expert", "New expert")]
        question = f"What is the capital of {_country(scene)}?"
        if scene == "polite":  # five sentences are its answer: more than 100 characters
            asked = [_country(scene), *drawn("first-turn", len(SCENES) + 4)[len(SCENES) :]]
            question = _letter(f"what is the capital of {', of '.join(asked)}?")
        return {"assistant_id": made[1], "question": question}

    return setup


def _args(given: dict[str, Any]) -> list[Any]:
    return [CLIENT, given["assistant_id"], given["question"]]


def _four_calls(client: OpenAI) -> dict[str, Any]:
    """The world's setup for four calls in one process: two assistants and two questions in turn, and at last what the first call had."""
    made = [client.beta.assistants.create(model="gpt-4o", name=name).id for name in ("Geography expert", "Quiz expert")]
    first, second = [f"what is the capital of {one}?" for one in drawn("first-turn again", 2)]
    return {"calls": [[made[0], first], [made[1], second], [made[1], first], [made[0], first]]}


def _args_of_calls(given: dict[str, Any]) -> list[Any]:
    return [[CLIENT, assistant_id, question] for assistant_id, question in given["calls"]]


def _conversations(evidence: Evidence) -> dict[str, list[str]]:
    """What was asked on each thread on which something was."""
    asked = {one: [message.text for message in written_by(evidence, "user", one)] for one in threads(evidence)}
    return {one: texts for one, texts in asked.items() if texts}


def _new_conversations(evidence: Evidence) -> Found:
    """Whether each call has left the threads of the others alone, and has asked its question itself."""
    asked, calls = _conversations(evidence), evidence.given["calls"]
    for (_, question), texts in zip(calls, asked.values(), strict=False):
        if len(texts) == 1 and texts[0] != question:
            return Sentence("user_message_says_should_question", _difference(texts[0], question))
    if len(asked) == len(calls):
        return None
    shared = next((one for one, texts in asked.items() if len(texts) > 1), None)
    if shared is not None:
        return Sentence(
            "second_question_old_thread",
            f"it was called {len(calls)} times, and the questions of {len(asked[shared])} calls are on one thread, {shared}. Each call "
            "starts a new conversation: make the thread inside of the function, and keep it nowhere.",
        )
    if not asked or evidence.ending.how != "returned":
        return Occasion.NONE
    return Sentence(
        "call_without_conversation",
        f"it was called {len(calls)} times, the last time with the question of the first call, and started {len(asked)} conversation"
        f"{'' if len(asked) == 1 else 's'}. Each call is a conversation of its own, whatever was asked before.",
    )


def _assistants_of_calls(evidence: Evidence) -> Found:
    """Whether each call's run is one of the assistant that this call was given."""
    calls, made = evidence.given["calls"], runs(evidence)
    if len(made) != len(calls):
        return Occasion.NONE
    for number, ((assistant_id, _), started) in enumerate(zip(calls, made, strict=True), 1):
        run = evidence.run(started.run_id)
        if run is None or run.assistant_id != assistant_id:
            return Sentence(
                "run_of_another_calls_assistant",
                f"it was called {len(calls)} times, for two assistants, and the run of call {number} is not one of the assistant that "
                f"call was given: {evidence.line(started)}. Keep no assistant between calls.",
            )
    return None


def _difference(said: str, question: str) -> str:
    """Where a text begins to be another one than the question: both from there on, in a few words."""
    at = next(
        (number for number, (one, other) in enumerate(zip(said, question, strict=False)) if one != other), min(len(said), len(question))
    )
    start = max(0, at - 12)
    return (
        f"the user message is not the question as it was given. From character {at} on they differ: "
        f"the message has {said[start : at + 24]!a}, the question {question[start : at + 24]!a}."
    )


def _gone(evidence: Evidence) -> Found:
    """What is said of a thread that was deleted: nobody can see any more what happened on it."""
    deleted = [entry for entry in evidence.requests("deleteThread", ok=True) if evidence.thread(entry.thread_id) is None]
    if not deleted:
        return None
    return Sentence(
        "thread_deleted",
        f"the thread was deleted, and its messages with it: {evidence.line(deleted[0])}. The conversation is to be kept.",
    )


def _asked_otherwise(evidence: Evidence) -> Found:
    """What is said of a question that is there, but is no message of the user."""
    instead = otherwise(written_by(evidence, "assistant"), evidence.given["question"])
    return Sentence("posted_otherwise", f"no user message has the question: {instead}.") if instead else None


def _taken_away(evidence: Evidence) -> Found:
    """What is said of a message that was deleted when it is missed."""
    deleted = evidence.requests("deleteMessage", ok=True)
    if not deleted:
        return None
    return Sentence("message_deleted", f"a message was deleted: {evidence.line(deleted[0])}. The conversation is to be kept.")


def asks_once(evidence: Evidence) -> Found:
    if gone := _gone(evidence):
        return gone
    if "calls" in evidence.given:
        return _new_conversations(evidence)
    asked = written_by(evidence, "user")
    if len(asked) == 1:
        if asked[0].text == evidence.given["question"]:
            return None
        return Sentence(
            "user_message_says_should_question",
            _difference(asked[0].text, evidence.given["question"]),
        )
    if not asked:
        if not evidence.requests() or evidence.ending.how == "raised":
            return Occasion.NONE  # what it raised is the reason, and the other rows say it
        if instead := _taken_away(evidence) or _asked_otherwise(evidence):
            return instead
        made = threads(evidence)
        return Sentence(
            "no_user_message_question_never",
            f"no user message is on {'the thread ' + made[0] if made else 'any thread'}: the question was never posted.",
        )
    lines = [entry for entry in evidence.requests(ok=True) if entry.operation in ("createMessage", "createThread", "createThreadAndRun")]
    said = f"{len(asked)} user messages were posted, one was expected: {cited(evidence, lines)}."
    return Sentence("user_messages_posted_one_wanted", said)


def one_run(evidence: Evidence) -> Found:
    started = runs(evidence)
    if _gone(evidence):
        return Occasion.NONE
    if "calls" in evidence.given:
        return _assistants_of_calls(evidence)
    if not started:
        return (
            Sentence("no_run_created_message_alone", "no run was created: a message alone makes nobody answer.")
            if written_by(evidence, "user")
            else Occasion.NONE
        )
    if len(started) > 1:
        return Sentence("runs_created_one_question", f"{len(started)} runs were created for one question: {cited(evidence, started)}.")
    run = evidence.run(started[0].run_id)
    if run is None or run.assistant_id != evidence.given["assistant_id"]:
        return Sentence(
            "run_not_one_assistant_whose", f"the run is not one of the assistant whose id was given: {evidence.line(started[0])}."
        )
    if not {one.id for one in written_by(evidence, "user")} & set(started[0].window):
        return Sentence(
            "run_did_not_read_question",
            f"the run did not read the question: {evidence.line(started[0])}. Post the message first, then start the run.",
        )
    return None


def waits_for_the_end(evidence: Evidence) -> Found:
    started = runs(evidence)
    if not started or _gone(evidence):
        return Occasion.NONE
    if over(evidence, started[0].run_id):
        return _slept(evidence, started[0])
    run = evidence.run(started[0].run_id)
    status = run.status if run is not None else "gone"
    last = evidence.requests()[-1]
    return Sentence(
        "returned_after_s_while_run",
        f"it returned after {evidence.seconds:.1f} s while the run was still {status}. Its last request: {evidence.line(last)}. "
        "Creating a run only starts it, and you cannot know beforehand how long it takes.",
    )


def _slept(evidence: Evidence, started: Executed) -> Found:
    """Whether it waited for a time, and not for the end of the run: it never asked for the run, and came back long after the end."""
    ended = next((one.at for one in evidence.journal if isinstance(one, RunChanged) and one.state in THREADS.terminal), evidence.end)
    if evidence.end - ended < TOO_LONG or any(one.operation in LOOKS for one in evidence.requests(ok=True)):
        return None
    return Sentence(
        "slept_without_asking",
        f"the run ended after {ended - started.at:.1f} s, and it returned after {evidence.seconds:.1f} s without having asked once how the "
        "run was getting on. A fixed sleep is too long for one run and too short for another.",
    )


def _answers_of_calls(evidence: Evidence) -> Found:
    """Each call returns what its own run wrote."""
    started = runs(evidence)
    said = [replies(evidence, one.run_id) for one in started]
    if len(said) != len(evidence.given["calls"]) or not all(said) or not isinstance(evidence.value, list):
        return Occasion.NONE
    wanted = [one[0].text.strip() for one in said]
    for number, (value, text) in enumerate(zip(evidence.value, wanted, strict=True), 1):
        if not isinstance(value, str) or value.strip() != text:
            return Sentence("call_returned_other_text", f"call {number} of {len(wanted)} returned {short(value)}; its run wrote {text!r}.")
    return None


def returns_the_answer(evidence: Evidence) -> Found:
    started = runs(evidence)
    if not started or _gone(evidence):
        return Occasion.NONE
    if "calls" in evidence.given:
        return _answers_of_calls(evidence)
    said = replies(evidence, started[0].run_id)
    value = evidence.value
    if not said and (taken := _taken_away(evidence)):
        return taken
    if not said:
        return Sentence("returned_before_assistant_had_written", "it returned before the assistant had written anything.")
    if isinstance(value, str) and value.strip() == said[0].text.strip():
        return None
    if value is None:
        return Sentence(
            "returned_nothing_assistant_s_text",
            f"it returned nothing; the assistant's text {said[0].text!r} was expected. (Printing is not returning.)",
        )
    if isinstance(value, str) and value.strip() == evidence.given["question"].strip():
        return Sentence(
            "returned_question_user_s_own",
            "it returned the question: that is the user's own message. Lists come newest first, and the answer is the assistant's message.",
        )
    if isinstance(value, str):
        return Sentence("returned_assistant_s_text", f"it returned {short(value)}; the assistant's text is {said[0].text!r}.")
    return Sentence(
        "returned_not_string_text_message",
        f"it returned {short(value)}, not a string: the text is in the message's content, `message.content[0].text.value`.",
    )


EXERCISE = Exercise(
    slug="first-turn",
    parts=(
        Part(
            "first_turn",
            (
                Behaviour(
                    "asks_once",
                    2,
                    "Exactly one user message is posted, and it is the question, as it was given.",
                    asks_once,
                    (*SCENES, "again"),
                    any_ending=True,
                ),
                Behaviour(
                    "one_run",
                    2,
                    "Exactly one run of the given assistant is started, and it reads the question.",
                    one_run,
                    (*SCENES, "again"),
                    any_ending=True,
                ),
                Behaviour(
                    "waits_for_the_end",
                    3,
                    "When the function returns, the run has ended, whether it took two seconds or a minute.",
                    waits_for_the_end,
                    SCENES,
                ),
                Behaviour(
                    "returns_the_answer", 3, "The text of the assistant's message is returned.", returns_the_answer, (*SCENES, "again")
                ),
            ),
            (
                Scene("plain", lambda: World(_asking("plain")), _args),
                Scene("slow", lambda: World(_asking("slow"), scenario="queued:20 slow:35"), _args),
                Scene("polite", lambda: World(_asking("polite"), scenario="slow:5"), _args),
                Scene("again", lambda: World(_four_calls), _args_of_calls, driver="calls"),
            ),
            promises={
                "a question, whatever it is": SCENES,
                "its text is the question, as it was given": ("polite",),
                "a run of the given assistant, and of no other": SCENES,
                "the run has ended: it takes 2, 5 or 55 seconds": SCENES,
                "a new conversation, each time that it is called": ("again",),
            },
        ),
    ),
    hints=(
        "A turn is: send, confirm, run, wait, read. Which of these does your function not have yet?",
        "Make a thread, post the question as a message of role `user`, start a run on that thread, and wait until the run is no longer "
        "under way (`queued` or `in_progress`): a run can end in other ways than `completed`. Then list what this run wrote.",
        "run = client.beta.threads.runs.create_and_poll(thread_id=thread.id, assistant_id=assistant_id)   # run, and wait for its end\n"
        "messages = client.beta.threads.messages.list(thread.id, run_id=run.id)                           # what this run wrote\n"
        "return the text of that message",
    ),
)

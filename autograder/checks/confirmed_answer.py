"""Exercise `confirmed-answer`: the message is confirmed before the run, and the answer is what this run wrote, all of it."""

from typing import Any

from openai import OpenAI

from autograder.behaviours import Behaviour, Exercise, Found, Occasion, Part, Scene, ending_of, unwritten
from autograder.checks.seen import RUN_MAKERS, cited, over, replies, runs, short, written_by
from threadlab.objects import Message
from threadlab.trial import CLIENT, Evidence, World

TEXT = "What is the capital of Portugal?"
TOO_LONG = "Portugal " * 28_445
"""256,005 characters, five more than a message may have."""

_COUNTRIES = ("France", "Italy", "Spain", "Portugal", "Greece", "Poland")
EARLIER = 120


def _long_thread(client: OpenAI) -> dict[str, Any]:
    thread = client.beta.threads.create()
    assistant = client.beta.assistants.create(model="gpt-4o", name="Geography expert", instructions="Answer in one sentence.")
    for number in range(EARLIER // 2):
        country = _COUNTRIES[number % len(_COUNTRIES)]
        client.beta.threads.messages.create(thread.id, role="user", content=f"What is the capital of {country}?")
        client.beta.threads.messages.create(thread.id, role="assistant", content=f"({number + 1}) I have said so before.")
    return {"thread_id": thread.id, "assistant_id": assistant.id, "refuses": False}


def _new_thread(client: OpenAI) -> dict[str, Any]:
    thread = client.beta.threads.create()
    assistant = client.beta.assistants.create(model="gpt-4o", name="Geography expert", instructions="Answer in one sentence.")
    return {"thread_id": thread.id, "assistant_id": assistant.id, "refuses": False}


def _refusing(client: OpenAI) -> dict[str, Any]:
    return {**_new_thread(client), "refuses": True}


def _args(given: dict[str, Any]) -> list[Any]:
    return [CLIENT, given["thread_id"], given["assistant_id"], TEXT]


def _too_long(given: dict[str, Any]) -> list[Any]:
    return [CLIENT, given["thread_id"], given["assistant_id"], TOO_LONG]


# ---- what the journal shows -------------------------------------------------------------------------------------------------------------


def _posted(evidence: Evidence) -> list[Message]:
    """The user messages that came after the earlier ones."""
    earlier = {message.id for message in evidence.messages(evidence.given["thread_id"])[:EARLIER]}
    return [message for message in written_by(evidence, "user", evidence.given["thread_id"]) if message.id not in earlier]


def posted_once(evidence: Evidence) -> Found:
    posted = _posted(evidence)
    if len(posted) == 1 and posted[0].text == TEXT:
        return None
    if len(posted) == 1:
        return f"the message on the thread says {short(posted[0].text)}, not the text that was given."
    if not posted:
        return "the message is not on the thread that was given." if evidence.requests() else Occasion.NONE
    return (
        f"the thread has {len(posted)} new user messages, one was wanted: {cited(evidence, evidence.requests('createMessage', ok=True))}."
    )


def refused_starts_no_run(evidence: Evidence) -> bool:
    """Whether this is the scene with the text that is too long, and it was taken as it should be."""
    sent = [entry for entry in evidence.journal if entry.what == "sent" and entry.operation in RUN_MAKERS]
    return evidence.given["refuses"] and not sent and evidence.ending.how == "raised" and not unwritten(evidence)


def confirmed_before_the_run(evidence: Evidence) -> Found:
    if refused_starts_no_run(evidence):
        return None
    asked = [entry for entry in evidence.journal if entry.what == "sent" and entry.operation in RUN_MAKERS]
    confirmed = [entry for entry in evidence.requests("createMessage", ok=True) if entry.detail.get("role") == "user"]
    refused = evidence.requests("createMessage", ok=False)
    if not asked:
        if refused and evidence.returned:
            return f"{evidence.line(refused[0])}: the message was refused, and nobody was told; let the error reach the caller."
        return ending_of(evidence) or Occasion.NONE
    if confirmed and confirmed[0].n < asked[0].n:
        return None
    if refused and refused[0].n < asked[0].n:
        return f"the message was refused ({evidence.line(refused[0])}), and the run was started all the same: {evidence.line(asked[0])}."
    if asked[0].n < (confirmed[0].n if confirmed else 0):
        return f"the run was sent before the message: {evidence.line(asked[0])}, and only then {evidence.line(confirmed[0])}."
    carried = [entry for entry in asked if TEXT in entry.detail.get("texts", ())]
    if carried:
        return f"the message travelled in the request that started the run, so no id had confirmed it before: {evidence.line(carried[0])}."
    return f"the run was sent, and no reply had confirmed a message before: {evidence.line(asked[0])}."


def one_run(evidence: Evidence) -> Found:
    started = runs(evidence)
    if not started:
        return Occasion.NONE
    if len(started) > 1:
        return f"{len(started)} runs were created for one message: {cited(evidence, started)}."
    run = evidence.run(started[0].run_id)
    if run is None or run.thread_id != evidence.given["thread_id"]:
        return f"the run is on another thread than the one that was given: {evidence.line(started[0])}."
    if run.assistant_id != evidence.given["assistant_id"]:
        return f"the run is not one of the assistant whose id was given: {evidence.line(started[0])}."
    return None


def answer_of_this_run(evidence: Evidence) -> Found:
    started = runs(evidence)
    if not started:
        return Occasion.NONE
    run_id = started[-1].run_id
    if not over(evidence, run_id):
        return f"it returned {short(evidence.value)} while the run was still going: {evidence.line(started[-1])} had not ended."
    wanted = "\n".join(message.text for message in replies(evidence, run_id))
    value = evidence.value
    if not isinstance(value, str):
        return f"it returned {short(value)}, not a string."
    if value.strip() == wanted.strip():
        return None
    return _whose(evidence, value) or f"it returned {short(value)}; what the run wrote is {wanted!r}."


def _whose(evidence: Evidence, value: str) -> str | None:
    messages = evidence.messages(evidence.given["thread_id"])
    for number, message in enumerate(messages):
        if message.text.strip() == value.strip():
            who = (
                "your own message"
                if message.role == "user"
                else f"a message that was there before (number {number + 1} of {len(messages)})"
            )
            return f"it returned {short(value)}, which is {who}: ask which messages have this run's id."
    return None


def failed_run_is_no_answer(evidence: Evidence) -> Found:
    started = runs(evidence)
    if not started:
        return Occasion.NONE
    if evidence.ending.how == "raised":
        return None if over(evidence, started[-1].run_id) else f"it raised {evidence.ending.type} before the run had ended."
    if evidence.ending.how == "halted":
        return f"the run had failed, and it {evidence.ending.message}: `failed` is an end, too."
    mine = "" if evidence.value in ("", None) else ", which this run did not write"
    return (
        f"the run failed and wrote nothing ({evidence.line(started[-1])}), and it returned {short(evidence.value)}{mine}: raise an error."
    )


def all_replies_in_order(evidence: Evidence) -> Found:
    started = runs(evidence)
    if not started:
        return Occasion.NONE
    said = [message.text for message in replies(evidence, started[-1].run_id)]
    value = evidence.value
    if not isinstance(value, str):
        return f"it returned {short(value)}, not a string."
    if value.strip() == "\n".join(said):
        return None
    if value.strip() == "\n".join(reversed(said)):
        return f"the {len(said)} replies of the run are there, newest first; they belong together in the order in which they were written."
    got = [text for text in said if text in value.split("\n")]
    if sorted(got) == sorted(said) and sorted(value.split("\n")) == sorted(said):
        return "all replies are there, in the wrong order: `created_at` has whole seconds, too coarse to sort by; the list has an order."
    if len(got) < len(said):
        return f"the run wrote {len(said)} messages, and it returned {len(got)} of them: {short(value)}."
    return f"it returned {short(value)}; the run's {len(said)} messages joined by a newline were wanted, and nothing else."


def every_page(evidence: Evidence) -> Found:
    started = runs(evidence)
    if not started:
        return Occasion.NONE
    said = [message.text for message in replies(evidence, started[-1].run_id)]
    got = evidence.value.strip().split("\n") if isinstance(evidence.value, str) else []
    if sorted(got) == sorted(said):
        return None
    lists = cited(evidence, evidence.requests("listMessages"))
    return f"the run wrote {len(said)} messages; {sum(text in got for text in said)} of them are in what it returned. It read: {lists}."


EXERCISE = Exercise(
    slug="confirmed-answer",
    lesson="02",
    title="A confirmed answer",
    minutes=25,
    parts=(
        Part(
            "ask",
            (
                Behaviour("posted_once", 1, "The text is on the thread once, as it was given.", posted_once, any_ending=True),
                Behaviour(
                    "confirmed_before_the_run",
                    3,
                    "The id of the message is known before the run is sent; a message that is refused starts no run.",
                    confirmed_before_the_run,
                    ("long", "refused"),
                    any_ending=True,
                ),
                Behaviour("one_run", 1, "Exactly one run is created.", one_run, any_ending=True),
                Behaviour("answer_of_this_run", 3, "What is returned was written by this run.", answer_of_this_run),
                Behaviour(
                    "failed_run_is_no_answer",
                    2,
                    "When the run fails, an error is raised and no earlier text returned.",
                    failed_run_is_no_answer,
                    ("failed",),
                    any_ending=True,
                ),
                Behaviour(
                    "all_replies_in_order",
                    3,
                    "Several replies in one run are all returned, oldest first, joined by a newline.",
                    all_replies_in_order,
                    ("several",),
                ),
                Behaviour("every_page", 1, "More replies than a page holds are still all returned.", every_page, ("talkative",)),
            ),
            (
                Scene("long", lambda: World(_long_thread, scenario="slow:40"), _args),
                Scene("refused", lambda: World(_refusing), _too_long),
                Scene("failed", lambda: World(_long_thread, scenario="run_failed"), _args),
                Scene("several", lambda: World(_new_thread, scenario="replies:5"), _args),
                Scene("talkative", lambda: World(_new_thread, scenario="replies:25"), _args),
            ),
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

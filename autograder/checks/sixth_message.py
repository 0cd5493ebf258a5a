"""Exercise `sixth-message`: five messages are there, a sixth is added, a run starts. What does it see?"""

from collections.abc import Callable
from typing import Any

from openai import OpenAI

from autograder.checks.drawn import drawn
from autograder.checks.seen import AS_TYPED, MOMENT, of_another_assistant, of_another_calls_assistant, otherwise
from autograder.checks.somebody_else import SharedWorld, a_colleague_cancels, a_colleague_starts_the_next
from autograder.judging.behaviours import Behaviour, Exercise, Found, Occasion, Part, Scene, Sentence, choices
from threadlab.engine.journal import Sent
from threadlab.trials.host import Limits
from threadlab.trials.trial import ASYNC_CLIENT, Evidence, World
from threadlab.wire.assistants import Message
from threadlab.wire.statuses import RUN_ENDS

_LETTER = f"{AS_TYPED}  \u00a0\t" + "Zoe\u0301 had \u00bd of a \ufb01g for tea, and asks again.\r\n" * 12 + "\n"
"""The rest of a long text whose white space, line ends, ligature, combining accent and marks are part of it."""
LATE = 15
"""Seconds by which the reply to the message comes late, in a scene of its own."""
WORKS_LONG, POLLS = 115, 2500
"""Seconds that the long run works after it was queued, and how often it may be polled."""


def _five(scene: str = "plain", *, said_before: bool = False) -> Callable[[OpenAI], dict[str, Any]]:
    """Five messages, the assistant that is meant between two others, and a sixth text. The fifth has said the same, or none has."""

    def setup(client: OpenAI) -> dict[str, Any]:
        thread = client.beta.threads.create()
        names = ("Old expert", "Geography expert", "New expert")
        made = [client.beta.assistants.create(model="gpt-4o", name=name, instructions="Answer in one sentence.") for name in names]
        *five, sixth = drawn(f"sixth-message {scene}", 6)
        for country in [*five[:4], sixth] if said_before else five:
            client.beta.threads.messages.create(thread.id, role="user", content=f"What is the capital of {country}?")
        text = f"What is the capital of {sixth}?"
        others = [made[0].id, made[2].id]
        return {
            "thread_id": thread.id,
            "assistant_id": made[1].id,
            "others": others,
            "text": f" {text} {_LETTER}" if scene == "slow" else text,
        }

    return setup


def _late(client: OpenAI) -> dict[str, Any]:
    return {**_five()(client), "late": float(LATE)}


def _answered_before(client: OpenAI) -> dict[str, Any]:
    """A run has answered on the thread before; it is over when the trial begins."""
    given = _five("slow")(client)
    client.beta.threads.runs.create(given["thread_id"], assistant_id=given["assistant_id"])
    return given


def _busy(client: OpenAI) -> dict[str, Any]:
    given = _five()(client)
    earlier = client.beta.threads.runs.create(given["thread_id"], assistant_id=given["assistant_id"])
    return {**given, "earlier": earlier.id}


def _called_again(client: OpenAI) -> dict[str, Any]:
    """Two calls with one text, each for an assistant of its own."""
    given = _five()(client)
    return {**given, "calls": [given["assistant_id"], given["others"][1]]}


def _args_of_calls(given: dict[str, Any]) -> list[Any]:
    return [[ASYNC_CLIENT, given["thread_id"], assistant_id, given["text"]] for assistant_id in given["calls"]]


def _slow() -> World:
    scenario = f"queued:15 slow:{WORKS_LONG}"
    return World(_answered_before, scenario=scenario, later=30.0, limits=Limits(polls=POLLS, requests=POLLS + 500))


def _args(given: dict[str, Any]) -> list[Any]:
    return [ASYNC_CLIENT, given["thread_id"], given["assistant_id"], given["text"]]


# ---- what the journal shows -------------------------------------------------------------------------------------------------------------


def _runs(evidence: Evidence) -> list[Any]:
    """The createRun lines that succeeded, on the thread of the exercise; what a colleague sends has no number."""
    made = evidence.requests("createRun", ok=True, thread_id=evidence.given["thread_id"])
    return [entry for entry in made if entry.request is not None]


def _sixths(evidence: Evidence) -> list[Message]:
    """The messages with the sixth text that came after the five."""
    return [one for one in _new(evidence) if one.role == "user" and one.text == evidence.given["text"]]


def _new(evidence: Evidence) -> list[Message]:
    return evidence.messages(evidence.given["thread_id"])[5:]


def _carries(evidence: Evidence, entry: Sent) -> bool:
    """Whether a request has the sixth text in it."""
    return evidence.given["text"] in entry.texts or evidence.given["text"].strip() in entry.texts


def reads_the_sixth(evidence: Evidence) -> Found:
    runs = _runs(evidence)
    if not runs:
        return Sentence("no_run_created_thread", "no run was created on the thread.")
    sixth = {message.id for message in _sixths(evidence)}
    run = runs[-1]
    window = run.window
    if sixth & set(window):
        return None
    if taken := evidence.requests("deleteMessage", ok=True):
        return Sentence("taken_off_again", f"the message was taken off the thread again: {evidence.line(taken[0])}.")
    if not sixth and (instead := otherwise(_new(evidence), evidence.given["text"])):
        return Sentence("posted_otherwise", f"the run did not see the sixth message as it was given: {instead}.")
    return Sentence("run_did_not_see_sixth", f"the run did not see the sixth message: {evidence.line(run)} read {len(window)} messages.")


def confirmed_before_the_run(evidence: Evidence) -> Found:
    """No run may have been let go before the message was acknowledged."""
    journal = list(evidence.journal)
    sent = next((entry for entry in journal if entry.what == "sent" and entry.operation == "createRun"), None)
    if sent is None:
        return Occasion.NONE
    done = [entry for entry in journal if entry.operation == "createMessage" and entry.what == "request" and entry.status == 200]
    if done:
        confirmed, *again = done
        sends = {entry.request: entry for entry in journal if entry.what == "sent"}
        replied = confirmed.at + evidence.given.get("late", 0.0)
        if (confirmed.n < sent.n and sent.at >= replied - MOMENT) or any(one.n < sent.n for one in again):
            return None
        if confirmed.n < sent.n:
            return Sentence(
                "run_sent_before_late_reply",
                f"the run was sent ({evidence.line(sent)}), and the reply that confirms the message came {replied - sent.at:.1f} s later.",
            )
        started = sends.get(confirmed.request)
        first = evidence.line(started) if started else "the message"
        return Sentence(
            "run_sent_before_message_confirmed",
            f"the run was sent before the message was confirmed: {evidence.line(sent)} comes after {first} but before its reply.",
        )
    run = next((entry for entry in _runs(evidence)), None)
    carried = {message.id for message in _sixths(evidence)}
    if run is not None and carried & set(run.window):
        return None  # the message travelled inside the request that started the run: one reply confirms both
    return Sentence("run_sent_no_reply_ever", f"the run was sent, and no reply ever confirmed the message: {evidence.line(sent)}.")


def _posted_by_each_call(evidence: Evidence) -> Found:
    if not evidence.returned:  # what it raised is for `returns_the_finished_run` to say
        return Occasion.NONE
    count, calls = len(_sixths(evidence)), len(evidence.given["calls"])
    if count == calls:
        return None
    return Sentence(
        "called_twice_not_posted_twice",
        f"it was called {calls} times with the same text, and {count} of its messages {'is' if count == 1 else 'are'} on the thread: each "
        "call posts its text.",
    )


def posted_once(evidence: Evidence) -> Found:
    if "calls" in evidence.given:
        return _posted_by_each_call(evidence)
    count = len(_sixths(evidence))
    if count == 1:
        return None
    if not count:
        instead = otherwise(_new(evidence), evidence.given["text"])
        if instead:
            return Sentence("posted_otherwise", f"the sixth message is not on the thread as it was given: {instead}.")
        return "the sixth message is not on the thread." + _silent(evidence)
    lines = [evidence.line(entry) for entry in evidence.requests("createMessage", ok=True)]
    return Sentence("sixth_message_thread_times", f"the sixth message is on the thread {count} times: {'; '.join(lines)}.")


def _silent(evidence: Evidence) -> str:
    if evidence.ending.never_awaited:
        return f" `{evidence.ending.never_awaited[0]}` was called and never awaited, so nothing was sent."
    if evidence.ending.task_errors:
        return f" A task failed and nobody looked: {evidence.ending.task_errors[0]}"
    return ""


def _returned_by_each_call(evidence: Evidence) -> Found:
    """How many runs there are is for `one_run` to say."""
    runs, values = _runs(evidence), evidence.value
    if len(runs) != len(evidence.given["calls"]) or not isinstance(values, list):
        return Occasion.NONE
    for number, (value, run) in enumerate(zip(values, runs, strict=False), 1):
        if not isinstance(value, dict) or value.get("id") != run.run_id or value.get("status") not in RUN_ENDS:
            return Sentence(
                "call_returned_anothers",
                f"it was called {len(runs)} times, and call {number} did not return its own finished run: {evidence.line(run)}. Keep "
                "nothing between calls.",
            )
    return None


def returns_the_finished_run(evidence: Evidence) -> Found:
    if "calls" in evidence.given:
        return _returned_by_each_call(evidence)
    value = evidence.value
    if not isinstance(value, dict) or value.get("$") != "Run":
        missing = " (is an `await` missing?)" if isinstance(value, dict) and value.get("$") == "coroutine" else ""
        return Sentence("returned_not_run", f"it returned {_short(value)}, not a Run{missing}.")
    run = evidence.run(str(value.get("id")))
    if run is None or run.thread_id != evidence.given["thread_id"]:
        return Sentence("run_returned_does_not_exist", "the Run that it returned does not exist on this thread.")
    if value.get("id") not in [entry.run_id for entry in _runs(evidence)]:
        return Sentence("returned_run_did_not_create", f"it returned a run that it did not create: {run.id}.{_mine(evidence)}")
    own = [entry for entry in evidence.requests("cancelRun") if entry.run_id == run.id and entry.request is not None]
    if own:
        return Sentence("cancelled_its_own_run", f"it cancelled its own run instead of waiting for the end: {evidence.line(own[0])}.")
    if value.get("status") not in RUN_ENDS:
        return Sentence(
            "returned_run_while_run_finished",
            f"it returned the run while it was {value.get('status')}; a run is finished when its status is one of {', '.join(RUN_ENDS)}.",
        )
    if value.get("status") != run.status:
        return Sentence(
            "returned_run_whose_status_service", f"it returned a Run whose status is {value.get('status')}; the service has {run.status}."
        )
    return None


def _mine(evidence: Evidence) -> str:
    runs = _runs(evidence)
    return f" The one that it created: {evidence.line(runs[-1])}." if runs else ""


def _short(value: Any) -> str:
    if isinstance(value, dict) and "$" in value:
        return f"a {value['$']}"
    return repr(value)[:80]


def _run_of_each_call(evidence: Evidence) -> Found:
    if not evidence.returned:
        return Occasion.NONE
    runs, calls = _runs(evidence), evidence.given["calls"]
    if len(runs) != len(calls):
        return Sentence("not_a_run_for_each_call", f"it was called {len(calls)} times, and {len(runs)} runs were created: one for each.")
    return of_another_calls_assistant(evidence, runs, calls)


def one_run(evidence: Evidence) -> Found:
    if "calls" in evidence.given:
        return _run_of_each_call(evidence)
    runs = _runs(evidence)
    if len(runs) == 1:
        return of_another_assistant(evidence, runs)
    if not runs:
        return Sentence("no_run_created_thread_2", "no run was created on the thread.")
    return Sentence(
        "runs_created_one_message", f"{len(runs)} runs were created for one message: {'; '.join(evidence.line(run) for run in runs)}."
    )


def heeds_the_refusal(evidence: Evidence) -> Found:
    """A run is active, so the message is refused (400). Raising is right, so is waiting and posting again; going on without it is not."""
    runs = [entry for entry in _runs(evidence) if entry.run_id != evidence.given["earlier"]]
    carriers = {entry.request for entry in evidence.journal if isinstance(entry, Sent) and _carries(evidence, entry)}
    refused = [entry for entry in evidence.requests(ok=False) if entry.request in carriers]
    sixth = {message.id for message in _sixths(evidence)}
    if len(sixth) > 1:
        return Sentence("after_refusal_message_posted_times", f"after the refusal the message was posted {len(sixth)} times.")
    stopped = [entry for entry in evidence.requests("cancelRun") if entry.run_id == evidence.given["earlier"]]
    if stopped:
        return Sentence(
            "other_run_cancelled",
            f"it cancelled the run that was active, which is somebody else's: {evidence.line(stopped[0])}. Wait, or let the error "
            "reach the caller.",
        )
    for run in runs:
        if not sixth & set(run.window):
            line = f"{evidence.line(refused[0])} was refused, and " if refused else ""
            return Sentence(
                "run_started_without_sixth_message", f"{line}the run was started without the sixth message: {evidence.line(run)}."
            )
    asked = [entry for entry in evidence.journal if isinstance(entry, Sent) and entry.operation == "createRun"]
    if refused and not sixth and (alone := [one for one in asked if one.n > refused[0].n and not _carries(evidence, one)]):
        return Sentence(
            "run_asked_for_without_sixth_message",
            f"{evidence.line(refused[0])} was refused, and a run was asked for all the same: {evidence.line(alone[0])}.",
        )
    if evidence.ending.how == "halted":
        return Sentence("while_another_run_active", f"while another run was active, it {evidence.ending.message}.")
    if evidence.returned and not sixth:
        return Sentence(
            "message_refused_while_another_run",
            "the message was refused while another run was active, and nobody was told: it returned as if all were well.",
        )
    if not (refused or sixth):
        return Occasion.NONE
    if evidence.ending.how == "raised" and not refused:
        return f"it ended with {evidence.ending.type}: {evidence.ending.message}"
    return None


def leaves_nothing_behind(evidence: Evidence) -> Found:
    left = [*evidence.ending.forgotten, *evidence.ending.never_awaited]
    if left:
        return Sentence(
            "returned_while_still_unfinished_had",
            f"it returned while this was still unfinished, or had never been awaited: {', '.join(left)}.",
        )
    if evidence.ending.task_errors:
        return Sentence("task_failed_nobody_looked", f"a task failed and nobody looked: {evidence.ending.task_errors[0]}")
    return None if _runs(evidence) else Occasion.NONE


RIGHT = {"sync_sees_sixth": "a", "sync_reason": "b", "async_sees_sixth": "c", "async_reason": "d"}

EXPLAINED = {
    "sync_sees_sixth": {
        "a": "",
        "b": "the call returned, so the service has the message: whatever starts after it sees it. "
        "(Misconception: the network may still be busy.)",
        "c": "nothing is left to chance here: the next line runs only after the reply. (Misconception: every create is a race.)",
    },
    "sync_reason": {
        "a": "a run does not wait for messages that are on their way; it reads what is there. (Misconception: the run waits.)",
        "b": "",
        "c": "no time needs to pass: the reply is the proof. (Misconception: sleeping confirms.)",
        "d": "the client sends one request after the other, but that is not why; the service would take them in any order. "
        "(Misconception: the client queues.)",
    },
    "async_sees_sixth": {
        "a": "only if the message happens to be delivered first; nothing makes sure of it. (Misconception: started means done.)",
        "b": "sometimes it does: the two requests are in flight together and either may arrive first. "
        "(Misconception: a task never runs in time.)",
        "c": "",
    },
    "async_reason": {
        "a": "create_task does schedule the coroutine. It starts soon; it is not finished soon. (Misconception: a task is never started.)",
        "b": "the thread keeps messages in the order in which they arrive, which need not be the order in which you sent them. "
        "(Misconception: sent order is arrival order.)",
        "c": "if the run comes first, the message is refused with a 400; it does not slip into a run that has begun. "
        "(Misconception: a run picks up late messages.)",
        "d": "",
    },
}

_SEES = {
    "sync_sees_sixth": "Whether the run sees the sixth message in the synchronous code.",
    "sync_reason": "Why, in the synchronous code.",
    "async_sees_sixth": "Whether the run sees the sixth message in the asynchronous code.",
    "async_reason": "Why, in the asynchronous code.",
}


def _nothing(evidence: Evidence) -> Found:
    raise AssertionError("choices are judged as a whole")


LATE_REPLY, AGAIN = "the reply comes late", "called again"
ENDS = ("failing", "incomplete", "expired", "cancelled", "slow")

EXERCISE = Exercise(
    slug="sixth-message",
    parts=(
        Part(
            "answers",
            tuple(Behaviour(name, 1, promise, _nothing) for name, promise in _SEES.items()),
            judge=choices(RIGHT, EXPLAINED),
        ),
        Part(
            "send_and_run",
            (
                Behaviour(
                    "reads_the_sixth", 3, "In every delivery order the run reads the sixth message.", reads_the_sixth, any_ending=True
                ),
                Behaviour(
                    "confirmed_before_the_run",
                    2,
                    "The run is not sent before a reply has confirmed the message.",
                    confirmed_before_the_run,
                    ("plain", LATE_REPLY),
                    any_ending=True,
                ),
                Behaviour(
                    "posted_once",
                    1,
                    "The message is on the thread exactly once.",
                    posted_once,
                    ("plain", *ENDS, LATE_REPLY, AGAIN),
                    any_ending=True,
                ),
                Behaviour("one_run", 1, "Exactly one run is created.", one_run, ("plain", *ENDS, AGAIN), any_ending=True),
                Behaviour(
                    "returns_the_finished_run",
                    2,
                    "The run that was created is returned once it is finished, whether it completed or failed.",
                    returns_the_finished_run,
                    ("plain", *ENDS, "shared", AGAIN),
                ),
                Behaviour(
                    "heeds_the_refusal",
                    2,
                    "When the message is refused because another run is active, either the error reaches the caller, or the message "
                    "is posted once the thread is free; no run starts without it.",
                    heeds_the_refusal,
                    ("busy",),
                    any_ending=True,
                ),
                Behaviour("leaves_nothing_behind", 1, "When it returns, nothing it started is unfinished.", leaves_nothing_behind),
            ),
            (
                Scene("plain", lambda: World(_five()), _args),
                Scene("failing", lambda: World(_five(), scenario="run_failed"), _args, bound=12),
                Scene("incomplete", lambda: World(_five(said_before=True), scenario="run_incomplete"), _args, bound=4),
                Scene("expired", lambda: World(_five(), scenario="run_expired"), _args, bound=4),
                Scene("cancelled", lambda: SharedWorld(_five(), a_colleague_cancels, scenario="slow:60 cancel_slow:5"), _args, bound=4),
                Scene("slow", _slow, _args, bound=4),
                Scene(LATE_REPLY, lambda: World(_late, scenario=f"delay:{LATE}@createMessage#1"), _args, bound=2),
                Scene("shared", lambda: SharedWorld(_five(), a_colleague_starts_the_next), _args, bound=4),
                Scene("busy", lambda: World(_busy, before="slow:60"), _args),
                Scene(AGAIN, lambda: World(_called_again), _args_of_calls, driver="calls", bound=4),
            ),
            promises={
                "in every order in which the requests can arrive": ("plain",),
                "each of the five ends": ("plain", "failing", "incomplete", "expired", "cancelled"),
                "any text, as it was given, and once": ("plain", "slow", "incomplete", LATE_REPLY),
                "before a reply has confirmed the message, however late it comes": ("plain", LATE_REPLY),
                "the run that you created, however long it takes, and whatever ran before or runs after": ("slow", "shared"),
                "each call by itself: its text, its assistant, its run": (AGAIN,),
                "another run may still be active, and it is somebody else's": ("busy",),
                "cancelling is not an end": ("cancelled",),
            },
        ),
    ),
    hints=(
        "Look at the two requests that are in flight at the same time. Which line lets the second one go before the first has come back?",
        "`await` the call that creates the message and look at what it returns: a message with an id is the confirmation. "
        "Only then create the run.",
        "message = await client.beta.threads.messages.create(...)   # confirmed: message.id\n"
        "run = await client.beta.threads.runs.create(...)           # sees it\n"
        "while run.status in ('queued', 'in_progress', 'cancelling'): sleep a little, retrieve the run again. Then return it.",
    ),
)

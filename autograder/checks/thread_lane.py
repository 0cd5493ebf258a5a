"""Exercise `thread-lane`: one turn after the other on a thread, different threads side by side."""

from collections import Counter
from typing import Any

from openai import OpenAI

from autograder.checks.drawn import drawn
from autograder.checks.seen import of_another_assistant
from autograder.judging.behaviours import Behaviour, Exercise, Found, Occasion, Part, Scene, Sentence
from threadlab.engine.journal import Entry, Sent
from threadlab.trials.trial import ASYNC_CLIENT, Evidence, World

QUESTIONS = ("What is the capital of France?", "What is its population?", "What is the capital of Kenya?")
ALL_WELL = ("one_thread", "two_threads", "five_on_a_thread", "comes_while_others_wait", "five_threads", "crowded")
BAD_ENDS = ("failed", "incomplete", "expired", "cancelled")
LONGEST_PAUSE = 10
"""Seconds: any polling interval up to this is fine, as the statement says."""
ALLOWANCE = 0.5
"""Seconds after which a turn on a free thread has begun: less than `time.sleep(1)` leaves, and enough for some looks at the thread."""
ELSEWHERE = ("What is the capital of Japan?", "What is its currency?")


def _threads(client: OpenAI) -> dict[str, Any]:
    assistant = client.beta.assistants.create(model="gpt-4o", instructions="Answer in one sentence.")
    threads = [client.beta.threads.create().id for _ in range(5)]
    return {"assistant_id": assistant.id, "threads": threads}


def _args(given: dict[str, Any]) -> list[Any]:
    return [ASYNC_CLIENT, given["assistant_id"]]


def _one(given: dict[str, Any]) -> list[list[str]]:
    return [[given["threads"][0], question] for question in QUESTIONS]


def _two(given: dict[str, Any]) -> list[list[str]]:
    first, second = given["threads"][:2]
    return [[first, QUESTIONS[0]], [second, ELSEWHERE[0]], [first, QUESTIONS[1]], [second, ELSEWHERE[1]]]


def _first_two(given: dict[str, Any]) -> list[list[str]]:
    return _one(given)[:2]


def _five(given: dict[str, Any]) -> list[list[str]]:
    texts = (QUESTIONS[0], QUESTIONS[2], QUESTIONS[0], f" {ELSEWHERE[0]}\nPlease. ", QUESTIONS[1])
    return [[given["threads"][0], text] for text in texts]


def _said_again(given: dict[str, Any]) -> list[list[str]]:
    """What is said last has been said before, and answered since."""
    return [[given["threads"][0], text] for text in (QUESTIONS[0], QUESTIONS[1], QUESTIONS[0])]


def _crowded(given: dict[str, Any]) -> list[list[str]]:
    """Five turns wait for one thread, whose first run takes long; after some seconds one is said on another."""
    return [*_five(given), [given["threads"][1], ELSEWHERE[0]]]


def _many(given: dict[str, Any]) -> list[list[str]]:
    return [
        [thread, f"What is the capital of {country}?"] for thread, country in zip(given["threads"], drawn("thread-lane", 5), strict=True)
    ]


def _turns(evidence: Evidence) -> list[list[str]]:
    """The turns that were asked for: those of one thread, or of two, by what the trial was given."""
    return evidence.given["turns"]  # type: ignore[no-any-return]


def _turn(evidence: Evidence, number: int) -> tuple[str, str]:
    """Thread and text of a turn."""
    thread_id, text = _turns(evidence)[number]
    return thread_id, text


def _texts(evidence: Evidence, thread_id: str, role: str) -> list[str]:
    return [message.text for message in evidence.messages(thread_id) if message.role == role]


def _raised(value: Any) -> bool:
    return isinstance(value, dict) and "raised" in value


# ---- what the journal shows -------------------------------------------------------------------------------------------------------------


def never_posts_while_a_run_is_active(evidence: Evidence) -> Found:
    refused = [entry for entry in evidence.requests(ok=False) if "active" in entry.error]
    if refused:
        return Sentence(
            "thread_locked_run_sent_something",
            f"the thread was locked by a run, and it sent something all the same: {evidence.line(refused[0])}.",
        )
    return None if len(evidence.requests("createRun", ok=True)) > 1 else Occasion.NONE


def keeps_the_order_of_a_thread(evidence: Evidence) -> Found:
    for thread_id in evidence.given["threads"]:
        said = [text for where, text in _turns(evidence) if where == thread_id]
        posted = [text for text in _texts(evidence, thread_id, "user") if text in said]
        if not said or posted == said:
            continue
        missing = [text for text in said if text not in posted]
        if missing:
            return Sentence("never_got_thread", f"“{missing[0]}” is not on its thread{_reason(evidence)}.")
        return Sentence(
            "said_order_messages_are_thread", f"said in the order {said}, the messages are on the thread in the order {posted}."
        )
    return None


def _reason(evidence: Evidence) -> str:
    """Why something was not sent, where the learner's side says it."""
    raised = next((one for one in evidence.value or [] if _raised(one)), None) if isinstance(evidence.value, list) else None
    if raised is not None:
        return f": `say` raised {raised['raised']}: {raised['message']}"
    if evidence.ending.never_awaited:
        return f": `{evidence.ending.never_awaited[0]}` was called and never awaited, so it did not run"
    return ""


def answers_each_its_own(evidence: Evidence) -> Found:
    """Each `say` returns the reply of the run that its own message started."""
    values = evidence.value if isinstance(evidence.value, list) else []
    if wrong := of_another_assistant(evidence, evidence.requests("createRun", ok=True)):
        return wrong
    said: Counter[tuple[str, str]] = Counter()
    for (thread_id, text), value in zip(_turns(evidence), values, strict=False):
        said[thread_id, text] += 1
        if _raised(value):
            return f"say({text!r}) raised {value['raised']}: {value['message']}"
        expected = _reply_to(evidence, thread_id, text, said[thread_id, text])
        if expected is None:
            return Sentence("no_run_answered_itself", f"no run answered “{text}” by itself.")
        if value != expected:
            return Sentence(
                "say_returned_run_started_wrote", f"say({text!r}) returned {value!r}; the run that it started wrote “{expected}”."
            )
    return None if values else Occasion.NONE


def _reply_to(evidence: Evidence, thread_id: str, text: str, time: int = 1) -> str | None:
    """What was written by the run in whose window `text` is the newest user message; if several are, by the first, second, … of them."""
    messages = {message.id: message for message in evidence.messages(thread_id)}
    for run in evidence.requests("createRun", ok=True, thread_id=thread_id):
        if (ended := evidence.run(run.run_id)) is None or ended.status in BAD_ENDS:
            continue  # a turn may be tried again
        asked = [messages[one] for one in run.window if one in messages and messages[one].role == "user"]
        if asked and asked[-1].text == text:
            time -= 1
        if asked and asked[-1].text == text and time == 0:
            return "\n".join(m.text for m in messages.values() if m.role == "assistant" and m.run_id == run.run_id)
    return None


def threads_overlap(evidence: Evidence) -> Found:
    """Judged in the plain order, in which no request is held back: each thread begins before another's run has ended."""
    if any(evidence.order):
        return Occasion.NONE
    ended = [entry for entry in evidence.journal if entry.what == "run" and entry.state == "completed"]
    first_sent: dict[str, Any] = {}
    for entry in evidence.journal:
        if isinstance(entry, Sent) and entry.operation == "createMessage":
            for thread_id, text in _turns(evidence):
                if text in entry.texts:
                    first_sent.setdefault(thread_id, entry)
    for entry in evidence.requests("createRun", ok=True):
        first_sent.setdefault(entry.thread_id, entry)
    if len(first_sent) < 2 or not ended:
        return Sentence("only_one_two_threads_ever", "only one of the two threads ever got a run.")
    late = max(first_sent.values(), key=lambda entry: entry.at)
    if late.at >= ended[0].at:
        return Sentence(
            "one_thread_waited_other_sent",
            f"one thread waited for the other: {evidence.line(late)} was sent after {evidence.line(ended[0])}.",
        )
    return _began_late(evidence, first_sent) or _read_late(evidence, ended)


def _read_late(evidence: Evidence, ended: list[Entry]) -> str | None:
    """That a run had ended and nobody looked, longer than anybody may pause: its turn waited for another thread's.

    Judged where a turn begins later, which shows first whether something held up the event loop.
    """
    for end in ended if any(evidence.given["at"]) else ():
        later = [entry for entry in evidence.requests(thread_id=end.thread_id) if entry.n > end.n]
        if later and later[0].operation not in ("createMessage", "createRun") and later[0].at > end.at + LONGEST_PAUSE + 1:
            return Sentence(
                "waited_to_read",
                f"one thread waited for the other: its run had ended, {evidence.line(end)}, and the next request for this thread came "
                f"{later[0].at - end.at:.0f} seconds later: {evidence.line(later[0])}.",
            )
    return None


def _began_late(evidence: Evidence, first_sent: dict[str, Any]) -> str | None:
    """That a turn which was to begin later, on a thread that was free, could not: a lock or the event loop was held."""
    for (thread_id, text), at in zip(_turns(evidence), evidence.given["at"], strict=False):
        entry = first_sent[thread_id]
        if at > 0 and entry.at - evidence.start > at + ALLOWANCE:
            return Sentence(
                "event_loop_held_up",
                f"say({text!r}) was due {at} s after the start, on a thread that was free, and began later: {evidence.line(entry)}. "
                "Something held it up: a lock that all threads share, or time.sleep, which stops the whole event loop.",
            )
    return None


def a_failure_frees_the_lane(evidence: Evidence) -> Found:
    values = evidence.value if isinstance(evidence.value, list) else []
    if len(values) < 2 or not evidence.requests("createRun"):
        return Occasion.NONE
    *failed, last = values
    for number, value in enumerate(failed):
        recovered = _reply_to(evidence, *_turn(evidence, number))
        if not _raised(value) and (not recovered or value != recovered):
            return Sentence(
                "first_turn_failed_say_returned", f"a turn failed, and say() returned {value!r} as if it had not: raise an error."
            )
    before = "a turn" if len(failed) == 1 else f"{len(failed)} turns"
    if _raised(last):
        return Sentence(
            "after_turn_failed_next_say_2",
            f"after {before} that failed, the next say() on the thread raised {last['raised']}: {last['message']}",
        )
    expected = _reply_to(evidence, *_turn(evidence, len(failed)))
    if last == expected:
        return None
    return Sentence("after_turn_failed_next_say", f"after {before} that failed, the next say() returned {last!r} instead of “{expected}”.")


def _world(turns: Any, scenario: str | None = None, at: tuple[float, ...] = ()) -> World:
    def setup(client: OpenAI) -> dict[str, Any]:
        given = _threads(client)
        return {**given, "turns": turns(given), "at": list(at)}

    return World(setup, scenario=scenario)


def _scene(name: str, turns: Any, scenario: str | None = None, *, at: tuple[float, ...] = (), bound: int = 60) -> Scene:
    return Scene(
        name,
        lambda: _world(turns, scenario, at),
        _args,
        kwargs={"at": list(at)} if at else {},
        kwargs_of=lambda given: {"turns": given["turns"]},
        driver="says",
        bound=bound,
    )


EXERCISE = Exercise(
    slug="thread-lane",
    parts=(
        Part(
            "ThreadLane",
            (
                Behaviour(
                    "never_posts_while_a_run_is_active",
                    3,
                    "No message and no run is sent to a thread on which a run is active.",
                    never_posts_while_a_run_is_active,
                    ALL_WELL,
                ),
                Behaviour(
                    "keeps_the_order_of_a_thread",
                    2,
                    "What was said first on a thread is posted first.",
                    keeps_the_order_of_a_thread,
                    ALL_WELL,
                ),
                Behaviour(
                    "answers_each_its_own",
                    2,
                    "Each call of say returns what its own run wrote.",
                    answers_each_its_own,
                    ALL_WELL,
                ),
                Behaviour(
                    "threads_overlap", 2, "A thread does not wait for another.", threads_overlap, ("two_threads", "five_threads", "crowded")
                ),
                Behaviour(
                    "a_failure_frees_the_lane",
                    2,
                    "When a run ends in anything but completed, say raises, and the next say on the thread works.",
                    a_failure_frees_the_lane,
                    ("failing", "failing_twice", "incomplete", "expired", "refused", "message_refused"),
                ),
            ),
            (
                _scene("one_thread", _one, bound=200),
                _scene("two_threads", _two, bound=24),
                _scene("five_on_a_thread", _five, bound=4),
                _scene("comes_while_others_wait", _said_again, at=(0.0, 0.5, 4.0), bound=6),
                _scene("five_threads", _many, "slow:9", bound=1),
                _scene("crowded", _crowded, "queued:60@createRun#1 slow:140@createRun#1", at=(0.0, 0.0, 0.0, 0.0, 0.0, 2.2), bound=1),
                _scene("failing", _first_two, "run_failed@createRun#1"),
                _scene("failing_twice", _one, "run_failed@createRun#1-2", at=(0.0, 30.0, 60.0), bound=1),
                _scene("incomplete", _first_two, "run_incomplete@createRun#1"),
                _scene("expired", _first_two, "run_expired@createRun#1"),
                _scene("refused", _first_two, "quota@createRun#1-3"),
                _scene("message_refused", _first_two, "quota@createMessage#1-3"),
            ),
            promises={
                "two, three and five turns on a thread, the same text twice": ("two_threads", "one_thread", "five_on_a_thread"),
                "the same text again, when it has been answered": ("comes_while_others_wait",),
                "begun at once, and while others wait": ("one_thread", "comes_while_others_wait"),
                "on one, on two and on five threads": ("one_thread", "two_threads", "five_threads", "crowded"),
                "a run that takes minutes, for which several wait": ("crowded",),
                "a run that ends in anything but completed": ("failing", "failing_twice", "incomplete", "expired"),
                "a request that is refused for good": ("refused", "message_refused"),
            },
        ),
    ),
    hints=(
        "Two calls of `say` for the same thread must not be between send and read at the same time. What in asyncio lets one caller in and "
        "makes the others wait, in the order in which they came?",
        "Keep a dictionary from thread id to asyncio.Lock, made when a thread is first seen, and hold that thread's lock for the whole "
        "turn: send, confirm, run, wait, read. One lock for all threads would be safe but slow.",
        "async with self.locks.setdefault(thread_id, asyncio.Lock()):\n"
        "    post the message; create the run; poll it to its end; raise unless it completed;\n"
        "    list messages with run_id=run.id and return their text.",
    ),
)

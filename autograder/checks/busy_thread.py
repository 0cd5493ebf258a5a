"""Exercise `busy-thread`: a message comes while a run is at work. Reject it, queue it, interrupt the run, or roll it back."""

from typing import Any

from openai import OpenAI

from autograder.checks.seen import of_another_assistant, otherwise
from autograder.judging.behaviours import Behaviour, Exercise, Found, Occasion, Part, Scene, Sentence
from threadlab.engine.journal import Entry, Sent, TurnMarked
from threadlab.trials.host import Limits
from threadlab.trials.trial import ASYNC_CLIENT, Evidence, World

FIRST, SECOND, THIRD, FOURTH = (
    "What is the capital of Spain?",
    "Sorry, I meant Portugal. ",
    "And Italy? \u2600",
    "And Poland?",
)
BEFORE = (("user", FIRST), ("assistant", "The capital of Spain is Madrid."), ("user", "Thank you."))
"""The same has been asked and answered before: whoever deletes by the words deletes that, too. The last was never answered."""
SAID = [text for role, text in BEFORE if role == "user"]
ELSEWHERE = "What is the capital of Kenya?"
"""Asked on another thread, half a second after the first question, by the same customer."""
SHORT, LONG = 6, 24
"""Seconds that a run works: where it is left to work, and where it is to be stopped. The long one outlasts a poll that is held back."""
STRATEGIES = ("reject", "enqueue", "interrupt", "rollback")
PATIENCE = 70
"""The same for a run that no turn may lose patience with."""
POLLS = Limits(polls=2000)
"""Poll as you like, as the statement says: often enough for the longest run every 40 ms."""
AT_ONCE = 0.5
"""Seconds within which a message must have been rejected."""
SOON = 1.5
"""Seconds after which a turn must have seen that it was stopped: one, as the statement says, and a request."""
EACH_FAILURE = "slow:1 run_failed@createRun#1 run_incomplete@createRun#2 run_expired@createRun#3"
LATE = (
    "slow:9 cancel_loses@cancelRun#1 replies:2@createRun#1 run_failed@createRun#2 run_incomplete@createRun#3 cancel_slow:20@cancelRun#2-3"
)
"""The first run completes although it is being cancelled, in two messages; the second fails while it is being cancelled, and the third
ends incomplete."""
ENDED = "slow:3 delay:4@getRun#2"
"""The first run has ended when it is cancelled, which the last poll did not show yet."""
STARTING = "slow:20 delay:3@createRun#1"
"""The newer message comes when the request for the first run has been carried out, and its reply is still on its way."""
FAILS_WHILE_ONE_WAITS = "slow:2@createRun#1 run_failed@createRun#1 slow:4"
"""A third turn comes while the one that waited is at work."""
READING = "slow:2 delay:5@listMessages#1"
"""The first run has ended, and its turn is reading what it wrote, when the newer message comes."""


def _world(strategy: str, at: tuple[float, ...], scenario: str, threads: int, elsewhere: bool, texts: tuple[str, ...]) -> World:
    def setup(client: OpenAI) -> dict[str, Any]:
        assistant = client.beta.assistants.create(model="gpt-4o", instructions="Answer in one sentence.")
        past: Any = [{"role": role, "content": text} for role, text in BEFORE]
        ids = [client.beta.threads.create(messages=past).id for _ in range(threads + elsewhere)]
        users = ("ada", "ben") if threads == 1 else ("ada",)  # a lane is a thread's, and not a customer's
        turns = [
            [when, users[number % len(users)], ids[number % threads], text]
            for number, (when, text) in enumerate(zip(at, texts, strict=False))
        ]
        if elsewhere:
            turns.insert(1, [0.5, users[0], ids[-1], ELSEWHERE])
        about = {"elsewhere": elsewhere, "strategy": strategy, "prompt": "delay" not in scenario, "reading": scenario == READING}
        about["waiting"] = scenario == FAILS_WHILE_ONE_WAITS
        return {"assistant_id": assistant.id, "threads": ids, "turns": turns, **about}

    return World(setup, scenario=scenario, limits=POLLS)


def _scene(
    name: str,
    at: tuple[float, ...],
    scenario: str = "",
    *,
    texts: tuple[str, ...] = (FIRST, SECOND, THIRD, FOURTH),
    threads: int = 1,
    elsewhere: bool = False,
    bound: int,
) -> Scene:
    """`name` begins with the strategy. `elsewhere`: there is a turn on another thread, too, while the first run is at work."""
    strategy = name.partition("_")[0]
    scenario = scenario or f"slow:{LONG if strategy in ('interrupt', 'rollback') else SHORT}"
    return Scene(
        name,
        lambda: _world(strategy, at, scenario, threads, elsewhere, texts),
        lambda given: [ASYNC_CLIENT, given["assistant_id"]],
        kwargs={"strategy": strategy},
        kwargs_of=lambda given: {"turns": given["turns"]},
        driver="submits",
        bound=bound,
    )


SCENES = (
    *(
        _scene(f"{strategy}_free", (0, 0, 0, 20), "slow:2 replies:2", threads=3, bound=1)
        for strategy in STRATEGIES
        if strategy != "enqueue"
    ),
    _scene("enqueue_free", (0, 0, 0, 90), f"slow:{PATIENCE}@createRun#1-2 slow:2 replies:2", threads=3, bound=1),
    _scene("reject_working", (0, 5, 20), bound=3),
    _scene("reject_at_once", (0, 0, 1), bound=3),
    _scene("enqueue_at_once", (0, 0, 0), "slow:2", bound=3),
    # two turns that say the same are two turns
    _scene("enqueue_waiting", (0, 1, 1.3, 1.6), "slow:3", texts=(FIRST, SECOND, THIRD, SECOND), bound=2),
    *(_scene(f"{strategy}_at_once", (0, 0, 5.3), "slow:20 delay:3@createMessage#1", bound=1) for strategy in ("interrupt", "rollback")),
    # soon after a look of whoever looks every 2, 3 or 4 seconds, and every 2.5 or 5
    _scene("interrupt_working", (0, 4.3, 5), f"slow:{PATIENCE} cancel_slow:30", elsewhere=True, bound=3),
    _scene("rollback_working", (0, 5.3, 6), f"slow:{LONG} cancel_slow:15", elsewhere=True, bound=3),
    *(_scene(f"{strategy}_too_late", (0, 4, 14, 24), LATE, bound=1) for strategy in ("interrupt", "rollback")),
    *(_scene(f"{strategy}_ended", (0, 4), ENDED, bound=1) for strategy in ("interrupt", "rollback")),
    _scene("rollback_reading", (0, 4), READING, bound=1),
    _scene("reject_reading", (0, 4), READING, bound=1),
    *(_scene(f"{strategy}_starting", (0, 1), STARTING, bound=1) for strategy in ("interrupt", "rollback")),
    _scene("enqueue_failing_first", (0, 0.3, 4.5), FAILS_WHILE_ONE_WAITS, bound=1),
    *(_scene(f"{strategy}_failing", (0, 20, 40, 60), EACH_FAILURE, bound=1) for strategy in STRATEGIES),
)


# ---- what the journal shows -------------------------------------------------------------------------------------------------------------


def _elsewhere(evidence: Evidence) -> int | None:
    """Which turn is the one on another thread, where there is one; all that follows is about the others."""
    return 1 if evidence.given["elsewhere"] else None


def _values(evidence: Evidence) -> list[Any]:
    values = evidence.value if isinstance(evidence.value, list) else []
    return [value for number, value in enumerate(values) if number != _elsewhere(evidence)]


def _raised(value: Any) -> bool:
    return isinstance(value, dict) and "raised" in value


def _is_a(kind: str, raised: dict[str, Any]) -> bool:
    """Whether what was raised is of a class, or of one below it."""
    return kind in raised.get("kinds", ())


def _turns(evidence: Evidence) -> list[tuple[str, str]]:
    """Thread and text of each turn, in the order of submission."""
    turns = enumerate(evidence.given["turns"])
    return [(thread_id, text) for number, (_, _, thread_id, text) in turns if number != _elsewhere(evidence)]


def _texts(evidence: Evidence, thread_id: str, role: str = "user") -> list[str]:
    return [message.text for message in evidence.messages(thread_id) if message.role == role]


def _new_texts(evidence: Evidence, thread_id: str) -> list[str]:
    """The user's messages on a thread after those that were there before the trial."""
    return _texts(evidence, thread_id)[len(SAID) :]


def _mark(evidence: Evidence, what: str, turn: int) -> Entry | None:
    """When a turn was submitted or settled."""
    marks = (entry for entry in evidence.journal if isinstance(entry, TurnMarked) and entry.operation == what)
    number = turn + 1 if _elsewhere(evidence) is not None and turn else turn
    return next((entry for entry in marks if entry.turn == number), None)


def _was_busy(evidence: Evidence, turn: int) -> bool:
    """Whether a turn came before one on the same thread had settled: in some orders the earlier one takes that long."""
    came, turns = _mark(evidence, "submitted", turn), _turns(evidence)
    earlier = [number for number in range(turn) if turns[number][0] == turns[turn][0]]
    marks = [_mark(evidence, "settled", number) for number in earlier]
    return any(settled is None or came is None or came.n < settled.n for settled in marks)


def _was_ever_busy(evidence: Evidence) -> bool:
    return any(_was_busy(evidence, turn) for turn in range(len(_values(evidence))))


def _posted(evidence: Evidence) -> dict[str, str]:
    """The text of every message that was ever put on a thread in the trial, by its id; deleted ones too."""
    return {entry.object_id: entry.text for entry in evidence.requests("createMessage", ok=True)}


def _runs_of(evidence: Evidence, thread_id: str, text: str) -> list[Any]:
    """The runs whose newest user message is this one."""
    known = _posted(evidence) | {message.id: message.text for message in evidence.messages(thread_id) if message.role == "user"}
    return [
        run
        for run in evidence.requests("createRun", ok=True, thread_id=thread_id)
        if [known[one] for one in run.window if one in known][-1:] == [text]
    ]


def _run_of(evidence: Evidence, thread_id: str, text: str) -> Any:
    """The last of them, or None."""
    return next(reversed(_runs_of(evidence, thread_id, text)), None)


def _wrote(evidence: Evidence, thread_id: str, run_id: str) -> str:
    return "\n".join(message.text for message in evidence.messages(thread_id) if message.run_id == run_id)


def _ended(evidence: Evidence, run_id: str) -> Any:
    """The entry in which a run ended."""
    ends = ("completed", "failed", "cancelled", "expired", "incomplete")
    return next((entry for entry in evidence.journal if entry.what == "run" and entry.run_id == run_id and entry.state in ends), None)


def _answered(evidence: Evidence, turn: int) -> str | None:
    """What is wrong with the answer of a turn that has to be answered; None if nothing is."""
    turns = _turns(evidence)
    return _wrong_answer(evidence, *turns[turn], _values(evidence)[turn], later=turns[turn + 1 :].count(turns[turn]))


def _wrong_answer(evidence: Evidence, thread_id: str, text: str, value: Any, later: int = 0) -> str | None:
    """`later`: how many turns after this one say the same, each of which has a run of its own."""
    if _raised(value):
        return f"submit(…, {text!r}) raised {value['raised']}: {value['message']}"
    runs = _runs_of(evidence, thread_id, text)
    run = runs[max(0, len(runs) - 1 - later)] if runs else None
    if run is None:
        instead = otherwise(evidence.messages(thread_id)[len(BEFORE) :], text)
        if instead and text not in _posted(evidence).values():
            return Sentence("posted_otherwise", f"{text!r} is not on the thread: {instead}.")
        return Sentence("no_run_started", f"no run was started for “{text}”.")
    wrote = _wrote(evidence, thread_id, run.run_id)
    return (
        None
        if wrote and "".join(str(value).split()) == "".join(wrote.split())
        else Sentence("submit_returned_own_run_wrote", f"submit(…, {text!r}) returned {value!r}; its own run wrote “{wrote}”.")
    )


def _answered_elsewhere(evidence: Evidence, number: int) -> Found:
    """Each thread has a run at work, and the newer messages come on the other thread."""
    if not isinstance(evidence.value, list) or not evidence.requests("createRun"):
        return Occasion.NONE
    _, _, thread_id, text = evidence.given["turns"][number]
    run = _run_of(evidence, thread_id, text)
    cancelled = [entry for entry in evidence.requests("cancelRun") if run is not None and entry.run_id == run.run_id]
    if cancelled:
        return Sentence(
            "cancelled_elsewhere",
            f"runs were at work on two threads, and a newer message came on one. It cancelled the run on the other: "
            f"{evidence.line(cancelled[0])}.",
        )
    wrong = _wrong_answer(evidence, thread_id, text, evidence.value[number])
    if not wrong:
        return None
    return Sentence("run_elsewhere", f"runs were at work on two threads, a newer message came on one, and on the other {wrong}")


def free_thread_answers(evidence: Evidence) -> Found:
    if stranger := of_another_assistant(evidence, evidence.requests("createRun", ok=True)):
        return stranger
    if (number := _elsewhere(evidence)) is not None:
        return _answered_elsewhere(evidence, number)
    values = _values(evidence)
    if len(values) < len(_turns(evidence)) or not evidence.requests("createRun"):
        return Occasion.NONE
    if _was_ever_busy(evidence):
        return Occasion.NONE
    for turn in range(len(values)):
        if wrong := _answered(evidence, turn):
            return Sentence(
                "no_run_active_thread",
                f"no run was active on the thread, and {wrong} The turns that came at once are on different threads.",
            )
    first, *others = (_run_of(evidence, *_turns(evidence)[turn]) for turn in range(len(evidence.given["threads"])))
    end = _ended(evidence, first.run_id)
    if end is not None and (waited := next((one for one in others if end.n < one.n), None)):
        return Sentence(
            "threads_wait_for_each_other",
            f"{len(others) + 1} messages came at once, each on a thread of its own, and one had to wait for the run of another: "
            f"{evidence.line(waited)}.",
        )
    cancelled = evidence.requests("cancelRun")
    return (
        Sentence("no_run_active_cancelled_one", f"no run was active, and it cancelled one: {evidence.line(cancelled[0])}.")
        if cancelled
        else None
    )


def _ended_by_a_cancel(evidence: Evidence) -> str:
    """Where a turn let its lane go because a cancel was refused, that is the cause of what came then."""
    raised = [value for value in _values(evidence) if _raised(value)]
    refused = [
        entry
        for entry in evidence.requests("cancelRun", ok=False)
        if entry.error and any(entry.error in value["message"] for value in raised)
    ]
    return f" Before that, a refused cancel ended the turn whose run it was: {evidence.line(refused[0])}." if refused else ""


def never_sends_while_a_run_is_active(evidence: Evidence) -> Found:
    refused = [entry for entry in evidence.requests(ok=False) if "active" in entry.error]
    if refused:
        return Sentence(
            "thread_locked_run_sent_something",
            f"the thread was locked by a run, and it sent something all the same: {evidence.line(refused[0])}."
            + _ended_by_a_cancel(evidence),
        )
    return None if evidence.requests("createRun", ok=True) else Occasion.NONE


def rejects_without_a_trace(evidence: Evidence) -> Found:
    values = _values(evidence)
    if len(values) < 2 or not evidence.requests("createRun", ok=True):
        return Occasion.NONE
    if evidence.given["reading"] and not _was_busy(evidence, 1):
        return Occasion.NONE
    end = _ended(evidence, evidence.requests("createRun", ok=True)[0].run_id)
    for turn in range(1, len(values)):
        if (turn == 1 or _came_before(evidence, turn, end)) and (wrong := _not_rejected(evidence, turn)):
            return wrong
    return _answered(evidence, 0) or _answers_when_free_again(evidence)


def _came_before(evidence: Evidence, turn: int, end: Entry | None) -> bool:
    came = _mark(evidence, "submitted", turn)
    return came is not None and (end is None or came.n < end.n)


def _not_rejected(evidence: Evidence, turn: int) -> str | None:
    """What is wrong with the way in which a turn was rejected that came while the first was under way."""
    value, text = _values(evidence)[turn], _turns(evidence)[turn][1]
    which = ("first", "second", "third")[turn]
    if not _raised(value):
        return Sentence(
            "run_work_second_submit_returned", f"a turn was under way, and the {which} submit returned {value!r} instead of raising Busy."
        )
    if not _is_a("Busy", value):
        return Sentence(
            "run_work_second_submit_raised",
            f"a turn was under way, and the {which} submit raised {value['raised']} instead of Busy: {value['message']}",
        )
    if text in _posted(evidence).values():
        return Sentence(
            "second_submit_raised_busy_put", f"the {which} submit raised Busy, and “{text}” was put on the thread all the same."
        )
    came, settled = _mark(evidence, "submitted", turn), _mark(evidence, "settled", turn)
    if came is not None and settled is not None and settled.at > came.at + AT_ONCE:
        return Sentence(
            "second_submit_raised_busy_only",
            f"the {which} submit raised Busy {settled.at - came.at:.1f} s after it was called: a caller wants to know at once.",
        )
    return None


def _answers_when_free_again(evidence: Evidence) -> str | None:
    if len(_turns(evidence)) < 3 or _was_busy(evidence, 2):
        return None
    wrong = _answered(evidence, 2)
    return Sentence("after_a_rejection", f"after a rejection, when the thread was free again, {wrong}") if wrong else None


def queues_in_order(evidence: Evidence) -> Found:
    values = _values(evidence)
    if len(values) < 2 or not evidence.requests("createRun", ok=True):
        return Occasion.NONE
    thread_id = _turns(evidence)[0][0]
    texts = [text for _, text in _turns(evidence)]
    if _texts(evidence, thread_id) != [*SAID, *texts]:
        return Sentence(
            "submitted_order_messages_thread_are",
            f"submitted in the order {texts}, the messages on the thread are {_new_texts(evidence, thread_id)}.",
        )
    for turn in range(len(values)):
        if wrong := _answered(evidence, turn):
            return wrong
    ran = evidence.requests("createRun", ok=True)
    if len(ran) != len(values):
        return Sentence("turns_got_runs_each_them", f"{len(values)} turns got {len(ran)} runs; each of them wants its own.")
    short = [run for number, run in enumerate(ran) if len(run.window) != len(BEFORE) + 1 + 2 * number]
    return (
        Sentence("run_did_not_read_answers", f"a run did not read the answers to the turns before it: {evidence.line(short[0])}.")
        if short
        else None
    )


def interrupts_the_run(evidence: Evidence) -> Found:
    values = _values(evidence)
    if len(values) < 2 or not evidence.requests("createMessage", ok=True):
        return Occasion.NONE
    turns = _turns(evidence)
    thread_id, last = turns[0][0], len(turns) - 1
    wanted = [*SAID, *(text for _, text in turns)]
    if _texts(evidence, thread_id) != wanted:
        return Sentence(
            "submitted_order_messages_thread_are_2",
            f"submitted in the order {wanted[len(SAID) :]}, the messages on the thread are {_new_texts(evidence, thread_id)}.",
        )
    return _wrongly_stopped(evidence) or _stopped(evidence) or _reads_all(evidence, wanted) or _answered(evidence, last)


def _not_interrupted(evidence: Evidence, turn: int) -> str | None:
    """What is wrong with the way in which a turn that was stopped came back."""
    thread_id, text = _turns(evidence)[turn]
    run, value = _run_of(evidence, thread_id, text), _values(evidence)[turn]
    end = None if run is None else _ended(evidence, run.run_id)
    if end is not None and end.state == "completed" and evidence.given["strategy"] == "interrupt" and not _raised(value):
        return _answered(evidence, turn)
    if not _raised(value):
        return Sentence(
            "turn_interrupted_submit_returned_instead",
            f"turn {turn + 1} was stopped, and its submit returned {value!r} instead of raising Interrupted.",
        )
    failed = end is not None and end.state in ("failed", "incomplete", "expired")
    return (
        None
        if _is_a("Interrupted", value) or failed
        else Sentence("turn_interrupted_raised", f"turn {turn + 1} was stopped, and raised {value['raised']}: {value['message']}")
    )


def _wrongly_stopped(evidence: Evidence) -> str | None:
    """The same of the first turn that came back wrongly; every turn but the last was stopped."""
    wrong = (_not_interrupted(evidence, turn) for turn in range(len(_values(evidence)) - 1))
    return next(filter(None, wrong), None)


def _completed_while_cancelling(evidence: Evidence, run_id: str) -> bool:
    """Whether a run was told to stop in time and completed all the same, which a slow cancel allows: then there was an answer to return."""
    end = _ended(evidence, run_id)
    told = [one for one in evidence.requests("cancelRun", ok=True) if one.run_id == run_id]
    return end is not None and end.state == "completed" and any(one.n < end.n for one in told)


def _sent_at(evidence: Evidence, carried_out: Entry) -> float:
    """When a request was sent; it may have been on its way for some seconds."""
    sent = (entry.at for entry in evidence.journal if isinstance(entry, Sent) and entry.request == carried_out.request)
    return next(sent, carried_out.at)


def _stopped(evidence: Evidence) -> str | None:
    """What is wrong with the way in which the earlier turns were stopped."""
    turns = _turns(evidence)
    for turn in range(len(turns) - 1):
        run, newer = _run_of(evidence, *turns[turn]), _mark(evidence, "submitted", turn + 1)
        if run is None or newer is None:
            continue
        if _sent_at(evidence, run) > newer.at + SOON:
            return Sentence(
                "run_started_for_a_stopped_turn", f"turn {turn + 1} had been stopped, and a run was started for it: {evidence.line(run)}."
            )
        end = _ended(evidence, run.run_id)
        if end is None or end.n < newer.n:
            continue
        if end.state == "completed" and not _completed_while_cancelling(evidence, run.run_id):
            return Sentence(
                "newer_message_run_before_left",
                f"a newer message was there, and the run before it was left to work until it had completed: {evidence.line(end)}.",
            )
        if wrong := _looked_late(evidence, turn, newer):
            return wrong
    return None


def _looked_late(evidence: Evidence, turn: int, newer: Entry) -> str | None:
    """Where nothing was on its way when the newer message came, the turn before was asleep, and has a second to wake up."""
    here = {entry.request: entry.n for entry in evidence.requests(thread_id=_turns(evidence)[turn][0])}
    sent = [entry for entry in evidence.journal if isinstance(entry, Sent) and entry.request in here]
    carried_out = [n for n in here.values() if n < newer.n]
    if not evidence.given["prompt"] or len([entry for entry in sent if entry.n < newer.n]) > len(carried_out):
        return None
    first = next((entry for entry in sent if entry.n > newer.n), None)
    return (
        Sentence(
            "looked_late",
            f"turn {turn + 1} was stopped, and its next request came {first.at - newer.at:.1f} seconds later: {evidence.line(first)}. "
            "Check at least once a second.",
        )
        if first is not None and first.at > newer.at + SOON
        else None
    )


def _reads_all(evidence: Evidence, wanted: list[str]) -> str | None:
    known = _posted(evidence) | {message.id: message.text for message in evidence.messages(_turns(evidence)[0][0])}
    ran = evidence.requests("createRun", ok=True, thread_id=_turns(evidence)[0][0])
    if not ran:
        return Sentence("no_run_ever_started", "no run was ever started.")
    read = [known[one] for one in ran[-1].window if known.get(one) in wanted]
    return (
        None if read == wanted else Sentence("last_run_has_read_messages", f"the last run has read the messages {read}, and not {wanted}.")
    )


def rolls_back(evidence: Evidence) -> Found:
    values = _values(evidence)
    if len(values) < 2 or not evidence.requests("createRun", ok=True):
        return Occasion.NONE
    last = len(values) - 1
    return _wrongly_stopped(evidence) or _stopped(evidence) or _nothing_left(evidence) or _answered(evidence, last)


def _nothing_left(evidence: Evidence) -> str | None:
    """Of a turn that was rolled back neither its message nor what its run wrote may be read, or be left."""
    *stopped, (thread_id, newest) = _turns(evidence)
    texts = [message.text for message in evidence.messages(thread_id)]
    if texts[: len(BEFORE)] != [text for _, text in BEFORE]:
        return Sentence("what_thread_before_turn_no", "what was on the thread before the turn is no longer there.")
    for _, text in stopped:
        if text in texts[len(BEFORE) :]:
            return Sentence("turn_rolled_back_still_thread", f"the turn was rolled back, and “{text}” is still on the thread.")
    last = _run_of(evidence, thread_id, newest)
    if last is None:
        return Sentence("no_run_started", f"no run was started for “{newest}”.")
    left = [message.text for message in evidence.messages(thread_id)[len(BEFORE) :] if message.run_id not in (None, last.run_id)]
    if left:
        return Sentence(
            "turn_rolled_back_what_run", f"the turn was rolled back, and what its run wrote is still on the thread: “{left[0]}”."
        )
    return (
        None
        if len(last.window) == len(BEFORE) + 1
        else Sentence("second_run_reads_something_first", f"the last run reads something of a turn before it: {evidence.line(last)}.")
    )


def _while_reading(evidence: Evidence) -> Found:
    """A turn that was reading has finished, or it was rolled back: one of the two, and all of it."""
    first, (thread_id, text) = _values(evidence)[0], _turns(evidence)[0]
    if not _was_busy(evidence, 1):
        return Occasion.NONE
    if _raised(first) and not _is_a("Interrupted", first):
        return _answered(evidence, 0)
    if _raised(first):
        return _nothing_left(evidence) or _answered(evidence, 1)
    run = _run_of(evidence, thread_id, text)
    if text not in _new_texts(evidence, thread_id) or run is None or not _wrote(evidence, thread_id, run.run_id):
        return Sentence(
            "answered_and_rolled_back",
            f"the newer message came while the first turn was reading. Its submit returned {first!r}, and yet the turn was rolled back. "
            "Return the answer and leave everything on the thread, or raise Interrupted and leave nothing.",
        )
    return _answered(evidence, 0) or _answered(evidence, 1)


def copes_with_a_late_cancel(evidence: Evidence) -> Found:
    values = _values(evidence)
    if len(values) < 2 or not evidence.requests("createRun", ok=True):
        return Occasion.NONE
    if evidence.given["reading"]:
        return _while_reading(evidence)
    if not _was_busy(evidence, 1):  # an answer that polls otherwise was not held up, and has finished
        return Occasion.NONE
    last = len(values) - 1
    if wrong := _wrongly_stopped(evidence):
        return Sentence("came_too_late", f"the cancel came too late: {wrong}")
    if evidence.given["strategy"] == "rollback":
        return _nothing_left(evidence) or _answered(evidence, last)
    texts = _new_texts(evidence, _turns(evidence)[0][0])
    if texts != [text for _, text in _turns(evidence)]:
        return Sentence("both_messages_belong_thread_are", f"all messages belong on the thread; there are {texts}.")
    return _answered(evidence, last)


def a_failure_frees_the_thread(evidence: Evidence) -> Found:
    values = _values(evidence)
    if len(values) < 2 or not evidence.requests("createRun") or _was_ever_busy(evidence) != evidence.given["waiting"]:
        return Occasion.NONE
    *failed, last = range(len(values))
    for turn in failed:
        runs = _runs_of(evidence, *_turns(evidence)[turn])
        end = _ended(evidence, runs[0].run_id) if runs else None
        if end is None or end.state == "completed":
            if evidence.given["waiting"] and (wrong := _answered(evidence, turn)):
                return Sentence("after_turn_failed", f"after turns that failed, {wrong}")
            break
        if not _raised(values[turn]):
            more = f"another was started for the same message ({evidence.line(runs[1])}), and " if len(runs) > 1 else ""
            return Sentence(
                "first_run_failed_submit_returned",
                f"a run ended as {end.state}, and {more}submit returned {values[turn]!r} as if it had not: raise an error.",
            )
    texts = _new_texts(evidence, _turns(evidence)[0][0])
    lost = [text for text in _posted(evidence).values() if text not in texts]
    if lost and evidence.given["strategy"] != "rollback":
        return Sentence("failed_turn_lost_its_message", f"the run of “{lost[0]}” failed by itself, and the message is no longer there.")
    wrong = _answered(evidence, last)
    return Sentence("after_turn_failed", f"after turns that failed, {wrong}") if wrong else None


def _names(*parts: str) -> tuple[str, ...]:
    return tuple(scene.name for scene in SCENES if any(part in scene.name for part in parts))


EXERCISE = Exercise(
    slug="busy-thread",
    parts=(
        Part(
            "BusyThread",
            (
                Behaviour(
                    "free_thread_answers",
                    2,
                    "Where no run is active on the thread, every strategy answers, in full; it waits for no other thread and stops none.",
                    free_thread_answers,
                    _names("_free", "interrupt_working", "rollback_working"),
                ),
                Behaviour(
                    "never_sends_while_a_run_is_active",
                    3,
                    "No message and no run is sent to a thread on which a run is active; a run that is being cancelled still is.",
                    never_sends_while_a_run_is_active,
                    _names("_working", "_at_once", "_waiting", "_starting"),
                ),
                Behaviour(
                    "rejects_without_a_trace",
                    2,
                    "reject: the second submit raises Busy at once, nothing of it reaches the thread, and the first is answered.",
                    rejects_without_a_trace,
                    _names("reject_working", "reject_at_once", "reject_reading"),
                ),
                Behaviour(
                    "queues_in_order",
                    2,
                    "enqueue: every turn is answered by its own run, in the order of submission, and reads the answers before it.",
                    queues_in_order,
                    _names("enqueue_at_once", "enqueue_waiting"),
                ),
                Behaviour(
                    "interrupts_the_run",
                    3,
                    "interrupt: the run before is stopped, its submit raises Interrupted; all messages stay, and the last run reads them.",
                    interrupts_the_run,
                    _names("interrupt_working", "interrupt_at_once", "interrupt_starting"),
                ),
                Behaviour(
                    "rolls_back",
                    3,
                    "rollback: the run before is stopped, its submit raises Interrupted, and neither its message nor its answer is left.",
                    rolls_back,
                    _names("rollback_working", "rollback_at_once", "rollback_starting"),
                ),
                Behaviour(
                    "copes_with_a_late_cancel",
                    2,
                    "When a run completes or fails although it was cancelled, or had ended before, the newer turn is answered.",
                    copes_with_a_late_cancel,
                    _names("_too_late", "_ended", "rollback_reading"),
                ),
                Behaviour(
                    "a_failure_frees_the_thread",
                    2,
                    "When a run fails, expires or ends incomplete, submit raises, and the next turn on the thread is answered.",
                    a_failure_frees_the_thread,
                    _names("_failing"),
                ),
            ),
            SCENES,
            promises={
                "a free thread answers with everything that the run wrote, and two threads never wait for each other": _names("_free"),
                "one thread being busy says nothing about another": ("interrupt_working", "rollback_working"),
                "a turn waits until its run has ended, however long that takes": ("enqueue_free",),
                "look at least once a second": ("interrupt_working", "rollback_working"),
                "reject: Busy at once, in whatever phase, and a later message is answered again": _names(
                    "reject_working", "reject_at_once", "reject_reading"
                ),
                "in whatever phase that turn is: its run is just being started": _names("_starting"),
                "a turn that waits is answered when the one before it fails": ("enqueue_failing_first",),
                "enqueue: each waits until its turn has come": _names("enqueue_"),
                "interrupt: several messages, each interrupts the one before, also one that waits": _names("interrupt_working"),
                "rollback: the same, and nothing of the turns before is left": _names("rollback_working"),
                "stopped before its run exists: it starts none": _names("interrupt_at_once", "rollback_at_once"),
                "cancelling takes long, and locks the thread": _names("interrupt_working", "rollback_working"),
                "too late: it completes or fails while it is being cancelled": _names("_too_late"),
                "too late: the service answers 400": _names("_ended"),
                "only reading: it finishes, or is rolled back": ("rollback_reading",),
                "a run that fails, expires or ends incomplete raises, and frees the thread": _names("_failing"),
            },
        ),
    ),
    hints=(
        "All four strategies need the lane of lesson 04: only one turn at a time may use the thread. They differ in what a newer turn does "
        "before it waits for the lane, and in what the turn in the lane does when it learns about the newer one.",
        "Keep for each thread a lock and the newest turn, a small object with a flag `stopped`. reject: raise if the lock is held. "
        "interrupt and rollback: set the flag of the turn before you, then wait for the lock. In the lane, look at the flag before you "
        "start a run and at every poll; when it is set, cancel once (a 400 means that you came too late) and go on polling until the run "
        "has really ended.",
        "async with lane:\n"
        "    message = await messages.create(...)               # rollback, and already stopped: do not even post it\n"
        "    run = None if turn.stopped else await runs.create(...)\n"
        "    while run and run.status in UNDER_WAY:\n"
        "        if turn.stopped and not asked: asked = True; try: await runs.cancel(...); except openai.BadRequestError: pass\n"
        "        await asyncio.sleep(0.5); run = await runs.retrieve(...)\n"
        "    if turn.stopped and rollback: delete every message with run_id=run.id, then the turn's own message\n"
        "    raise Interrupted, or return what this run wrote",
    ),
)

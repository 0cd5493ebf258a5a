"""Exercise `busy-thread`: a message comes while a run is at work. Reject it, queue it, interrupt the run, or roll it back."""

from typing import Any

from openai import OpenAI

from autograder.judging.behaviours import Behaviour, Exercise, Found, Occasion, Part, Scene, Sentence
from threadlab.engine.journal import Entry, TurnMarked
from threadlab.trials.trial import ASYNC_CLIENT, Evidence, World

BEFORE = (("user", "What is the capital of Kenya?"), ("assistant", "The capital of Kenya is Nairobi."))
FIRST, SECOND, THIRD = "What is the capital of Spain?", "Sorry, I meant Portugal.", "And Italy?"
SHORT, LONG = 6, 24
"""Seconds that a run works: where it is left to work, and where it is to be stopped. The long one outlasts a poll that is held back."""


def _world(strategy: str, at: tuple[float, ...], scenario: str, threads: int) -> World:
    def setup(client: OpenAI) -> dict[str, Any]:
        assistant = client.beta.assistants.create(model="gpt-4o", instructions="Answer in one sentence.")
        past: Any = [{"role": role, "content": text} for role, text in BEFORE]
        ids = [client.beta.threads.create(messages=past).id for _ in range(threads)]
        texts = (FIRST, SECOND, THIRD)
        turns = [[when, "ada", ids[number % threads], text] for number, (when, text) in enumerate(zip(at, texts, strict=False))]
        return {"assistant_id": assistant.id, "threads": ids, "turns": turns, "strategy": strategy}

    return World(setup, scenario=scenario)


def _scene(name: str, at: tuple[float, ...], scenario: str = "", *, threads: int = 1, bound: int) -> Scene:
    """`name` begins with the strategy."""
    strategy = name.partition("_")[0]
    scenario = scenario or f"slow:{LONG if strategy in ('interrupt', 'rollback') and threads == 1 else SHORT}"
    return Scene(
        name,
        lambda: _world(strategy, at, scenario, threads),
        lambda given: [ASYNC_CLIENT, given["assistant_id"]],
        kwargs={"strategy": strategy},
        kwargs_of=lambda given: {"turns": given["turns"]},
        driver="submits",
        bound=bound,
    )


SCENES = (
    *(_scene(f"{strategy}_free", (0, 20), "slow:2", bound=2) for strategy in ("reject", "enqueue", "interrupt", "rollback")),
    *(_scene(f"{strategy}_working", (0, 5), bound=3) for strategy in ("reject", "enqueue", "interrupt", "rollback")),
    *(_scene(f"{strategy}_at_once", (0, 0), bound=4) for strategy in ("reject", "enqueue", "interrupt", "rollback")),
    *(_scene(f"{strategy}_two_threads", (0, 0), threads=2, bound=3) for strategy in ("reject", "interrupt")),
    _scene("enqueue_three", (0, 0, 0), "slow:2", bound=4),
    _scene("interrupt_three", (0, 5, 6), bound=3),
    *(_scene(f"{strategy}_too_late", (0, 5), f"slow:{LONG} cancel_loses", bound=3) for strategy in ("interrupt", "rollback")),
    _scene("interrupt_slow_cancel", (0, 5), f"slow:{LONG} cancel_slow:8", bound=3),
    *(_scene(f"{strategy}_failing", (0, 20), "slow:2 run_failed@createRun#1", bound=2) for strategy in ("reject", "enqueue", "interrupt")),
)


# ---- what the journal shows -------------------------------------------------------------------------------------------------------------


def _values(evidence: Evidence) -> list[Any]:
    return evidence.value if isinstance(evidence.value, list) else []


def _raised(value: Any) -> bool:
    return isinstance(value, dict) and "raised" in value


def _turns(evidence: Evidence) -> list[tuple[str, str]]:
    """Thread and text of each turn, in the order of submission."""
    return [(thread_id, text) for _, _, thread_id, text in evidence.given["turns"]]


def _texts(evidence: Evidence, thread_id: str, role: str = "user") -> list[str]:
    return [message.text for message in evidence.messages(thread_id) if message.role == role]


def _mark(evidence: Evidence, what: str, turn: int) -> Entry | None:
    """When a turn was submitted or settled."""
    marks = (entry for entry in evidence.journal if isinstance(entry, TurnMarked) and entry.operation == what)
    return next((entry for entry in marks if entry.turn == turn), None)


def _was_busy(evidence: Evidence) -> bool:
    """Whether the second turn came before the first, on the same thread, had settled: in some orders the first takes that long."""
    first, second = _mark(evidence, "settled", 0), _mark(evidence, "submitted", 1)
    same = len({thread_id for thread_id, _ in _turns(evidence)}) == 1
    return same and (first is None or second is None or second.n < first.n)


def _posted(evidence: Evidence) -> dict[str, str]:
    """The text of every message that was ever put on a thread in the trial, by its id; deleted ones too."""
    return {entry.object_id: entry.text for entry in evidence.requests("createMessage", ok=True)}


def _run_of(evidence: Evidence, thread_id: str, text: str) -> Any:
    """The last run whose newest user message is this one, or None."""
    known = _posted(evidence) | {message.id: message.text for message in evidence.messages(thread_id) if message.role == "user"}
    found = None
    for run in evidence.requests("createRun", ok=True, thread_id=thread_id):
        asked = [known[one] for one in run.window if one in known]
        if asked and asked[-1] == text:
            found = run
    return found


def _wrote(evidence: Evidence, thread_id: str, run_id: str) -> str:
    return "\n".join(message.text for message in evidence.messages(thread_id) if message.run_id == run_id)


def _ended(evidence: Evidence, run_id: str) -> Any:
    """The entry in which a run ended."""
    ends = ("completed", "failed", "cancelled", "expired", "incomplete")
    return next((entry for entry in evidence.journal if entry.what == "run" and entry.run_id == run_id and entry.state in ends), None)


def _answered(evidence: Evidence, turn: int) -> str | None:
    """What is wrong with the answer of a turn that has to be answered; None if nothing is."""
    thread_id, text = _turns(evidence)[turn]
    value = _values(evidence)[turn]
    if _raised(value):
        return f"submit(…, {text!r}) raised {value['raised']}: {value['message']}"
    run = _run_of(evidence, thread_id, text)
    if run is None:
        return Sentence("no_run_started", f"no run was started for “{text}”.")
    wrote = _wrote(evidence, thread_id, run.run_id)
    return (
        None
        if value == wrote and wrote
        else Sentence("submit_returned_own_run_wrote", f"submit(…, {text!r}) returned {value!r}; its own run wrote “{wrote}”.")
    )


def free_thread_answers(evidence: Evidence) -> Found:
    values = _values(evidence)
    if len(values) < len(_turns(evidence)) or not evidence.requests("createRun") or _was_busy(evidence):
        return Occasion.NONE
    for turn in range(len(values)):
        if wrong := _answered(evidence, turn):
            return Sentence("no_run_active_thread", f"no run was active on the thread, and {wrong}")
    cancelled = evidence.requests("cancelRun")
    return (
        Sentence("no_run_active_cancelled_one", f"no run was active, and it cancelled one: {evidence.line(cancelled[0])}.")
        if cancelled
        else None
    )


def never_sends_while_a_run_is_active(evidence: Evidence) -> Found:
    refused = [entry for entry in evidence.requests(ok=False) if "active" in entry.error]
    if refused:
        return Sentence(
            "thread_locked_run_sent_something",
            f"the thread was locked by a run, and it sent something all the same: {evidence.line(refused[0])}.",
        )
    return None if evidence.requests("createRun", ok=True) else Occasion.NONE


def rejects_without_a_trace(evidence: Evidence) -> Found:
    values = _values(evidence)
    if len(values) < 2 or not evidence.requests("createRun", ok=True):
        return Occasion.NONE
    second = _turns(evidence)[1][1]
    if not _raised(values[1]):
        return Sentence(
            "run_work_second_submit_returned", f"a run was at work, and the second submit returned {values[1]!r} instead of raising Busy."
        )
    if values[1]["raised"] != "Busy":
        return Sentence(
            "run_work_second_submit_raised",
            f"a run was at work, and the second submit raised {values[1]['raised']} instead of Busy: {values[1]['message']}",
        )
    if second in _posted(evidence).values():
        return Sentence(
            "second_submit_raised_busy_put", f"the second submit raised Busy, and “{second}” was put on the thread all the same."
        )
    settled, run = _mark(evidence, "settled", 1), evidence.requests("createRun", ok=True)[0]
    end = _ended(evidence, run.run_id)
    if settled is not None and end is not None and settled.at >= end.at:
        return Sentence(
            "second_submit_raised_busy_only", "the second submit raised Busy only after the run had ended: a caller wants to know at once."
        )
    return _answered(evidence, 0)


def queues_in_order(evidence: Evidence) -> Found:
    values = _values(evidence)
    if len(values) < 2 or not evidence.requests("createRun", ok=True):
        return Occasion.NONE
    thread_id = _turns(evidence)[0][0]
    wanted = [BEFORE[0][1], *(text for _, text in _turns(evidence))]
    if _texts(evidence, thread_id) != wanted:
        return Sentence(
            "submitted_order_messages_thread_are",
            f"submitted in the order {wanted[1:]}, the messages on the thread are {_texts(evidence, thread_id)[1:]}.",
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
    wanted = [BEFORE[0][1], *(text for _, text in turns)]
    if _texts(evidence, thread_id) != wanted:
        return Sentence(
            "submitted_order_messages_thread_are_2",
            f"submitted in the order {wanted[1:]}, the messages on the thread are {_texts(evidence, thread_id)[1:]}.",
        )
    started = evidence.requests("createRun", ok=True)
    for turn in range(last):
        if turn < len(started) and _completed_while_cancelling(evidence, started[turn].run_id):
            continue
        if not _raised(values[turn]):
            return Sentence(
                "turn_interrupted_submit_returned_instead",
                f"turn {turn + 1} was interrupted, and its submit returned {values[turn]!r} instead of raising Interrupted.",
            )
        if values[turn]["raised"] != "Interrupted":
            return Sentence(
                "turn_interrupted_raised",
                f"turn {turn + 1} was interrupted, and raised {values[turn]['raised']}: {values[turn]['message']}",
            )
    return _stopped(evidence) or _reads_all(evidence, wanted) or _answered(evidence, last)


def _completed_while_cancelling(evidence: Evidence, run_id: str) -> bool:
    """Whether a run was told to stop in time and completed all the same, which a slow cancel allows: then there was an answer to return."""
    end = _ended(evidence, run_id)
    told = [one for one in evidence.requests("cancelRun", ok=True) if one.run_id == run_id]
    return end is not None and end.state == "completed" and any(one.n < end.n for one in told)


def _stopped(evidence: Evidence) -> str | None:
    """What is wrong with the way in which the earlier runs were stopped."""
    for run in evidence.requests("createRun", ok=True)[:-1]:
        end = _ended(evidence, run.run_id)
        if end is not None and end.state == "completed" and not _completed_while_cancelling(evidence, run.run_id):
            return Sentence(
                "newer_message_run_before_left",
                f"a newer message was there, and the run before it was left to work until it had completed: {evidence.line(end)}.",
            )
    return None


def _reads_all(evidence: Evidence, wanted: list[str]) -> str | None:
    known = _posted(evidence) | {message.id: message.text for message in evidence.messages(_turns(evidence)[0][0])}
    ran = evidence.requests("createRun", ok=True)
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
    thread_id, first = _turns(evidence)[0]
    if not _raised(values[0]) or values[0]["raised"] != "Interrupted":
        return Sentence(
            "first_turn_rolled_back_submit", f"the first turn was rolled back, and its submit did not raise Interrupted: {values[0]!r}."
        )
    return _stopped(evidence) or _nothing_left(evidence, thread_id, first) or _answered(evidence, 1)


def _nothing_left(evidence: Evidence, thread_id: str, first: str) -> str | None:
    """Of a turn that was rolled back neither its message nor what its run wrote may be read, or be left."""
    texts = [message.text for message in evidence.messages(thread_id)]
    if first in texts:
        return Sentence("turn_rolled_back_still_thread", f"the turn was rolled back, and “{first}” is still on the thread.")
    if texts[: len(BEFORE)] != [text for _, text in BEFORE]:
        return Sentence("what_thread_before_turn_no", "what was on the thread before the turn is no longer there.")
    *earlier, last = evidence.requests("createRun", ok=True)
    stopped = {run.run_id for run in earlier}
    left = [message.text for message in evidence.messages(thread_id) if message.run_id in stopped]
    if left:
        return Sentence(
            "turn_rolled_back_what_run", f"the turn was rolled back, and what its run wrote is still on the thread: “{left[0]}”."
        )
    return (
        None
        if len(last.window) == len(BEFORE) + 1
        else Sentence("second_run_reads_something_first", f"the second run reads something of the first turn: {evidence.line(last)}.")
    )


def copes_with_a_late_cancel(evidence: Evidence) -> Found:
    values = _values(evidence)
    if len(values) < 2 or not evidence.requests("cancelRun", ok=True):
        return Occasion.NONE
    thread_id, first = _turns(evidence)[0]
    if evidence.given["strategy"] == "rollback":
        return _nothing_left(evidence, thread_id, first) or _answered(evidence, 1)
    if not _raised(values[0]) and (wrong := _answered(evidence, 0)):
        return Sentence("run_had_completed_although_cancelled", f"the run had completed although it was cancelled, and {wrong}")
    if _texts(evidence, thread_id)[1:] != [FIRST, SECOND]:
        return Sentence(
            "both_messages_belong_thread_are", f"both messages belong on the thread; there are {_texts(evidence, thread_id)[1:]}."
        )
    return _answered(evidence, 1)


def a_failure_frees_the_thread(evidence: Evidence) -> Found:
    values = _values(evidence)
    if len(values) < 2 or not evidence.requests("createRun") or _was_busy(evidence):
        return Occasion.NONE
    if not _raised(values[0]):
        return Sentence(
            "first_run_failed_submit_returned", f"the first run failed, and submit returned {values[0]!r} as if it had not: raise an error."
        )
    wrong = _answered(evidence, 1)
    return Sentence("after_turn_failed", f"after a turn that failed, {wrong}") if wrong else None


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
                    "Where no run is active on the thread, every strategy answers, and stops nothing.",
                    free_thread_answers,
                    _names("_free", "_two_threads"),
                ),
                Behaviour(
                    "never_sends_while_a_run_is_active",
                    3,
                    "No message and no run is sent to a thread on which a run is active; a run that is being cancelled still is.",
                    never_sends_while_a_run_is_active,
                    _names("_working", "_at_once", "_three", "_too_late", "_slow_cancel"),
                ),
                Behaviour(
                    "rejects_without_a_trace",
                    2,
                    "reject: the second submit raises Busy at once, nothing of it reaches the thread, and the first is answered.",
                    rejects_without_a_trace,
                    _names("reject_working", "reject_at_once"),
                ),
                Behaviour(
                    "queues_in_order",
                    2,
                    "enqueue: every turn is answered by its own run, in the order of submission, and reads the answers before it.",
                    queues_in_order,
                    _names("enqueue_working", "enqueue_at_once", "enqueue_three"),
                ),
                Behaviour(
                    "interrupts_the_run",
                    3,
                    "interrupt: the run before is stopped, its submit raises Interrupted; all messages stay, and the last run reads them.",
                    interrupts_the_run,
                    _names("interrupt_working", "interrupt_at_once", "interrupt_three", "interrupt_slow_cancel"),
                ),
                Behaviour(
                    "rolls_back",
                    3,
                    "rollback: the run before is stopped, its submit raises Interrupted, and neither its message nor its answer is left.",
                    rolls_back,
                    _names("rollback_working"),
                ),
                Behaviour(
                    "copes_with_a_late_cancel",
                    2,
                    "When the run completes although it was cancelled, the newer message is answered as the strategy says.",
                    copes_with_a_late_cancel,
                    _names("_too_late"),
                ),
                Behaviour(
                    "a_failure_frees_the_thread",
                    2,
                    "When a run fails, submit raises, and the next turn on the thread is answered.",
                    a_failure_frees_the_thread,
                    _names("_failing"),
                ),
            ),
            SCENES,
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

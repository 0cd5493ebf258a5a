"""Exercise `run-queue`: fifty users and one limit: nobody lost, nobody starved, the limit kept, and no time wasted."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from openai import OpenAI

from autograder.checks.seen import cited, of_another_assistant, otherwise, short
from autograder.judging.behaviours import Behaviour, Exercise, Found, Occasion, Part, Scene, Sentence
from threadlab.engine.journal import Entry, Executed, TurnMarked
from threadlab.trials.host import Limits
from threadlab.trials.trial import ASYNC_CLIENT, Evidence, World

PER_MINUTE = 30
FEW_A_MINUTE = 3
"""The limit in the scene of two waves."""
WORKS = 3.0
"""Seconds that a run works in the scene that is timed."""
WORKS_LONGER = 25.0
"""Seconds that a run works in the scene of two waves: more than anybody who merely sleeps can afford in the one that is timed."""
QUEUED = 0.4
"""Seconds that a run is queued before it works."""
MORE_THAN_TOLD = 1
"""The service lets this many more through in a minute, so that the time a request takes cannot make a right queue look wrong."""
RETRY_AFTER = 7.0
MOST_RUNS = 10
"""How many runs one turn may have before `submit` must give up."""
AHEAD = 2
"""How many turns of one other user may go before a turn that waits."""
COUNTRIES = ("France", "Kenya", "Japan", "Chile", "Norway", "Portugal", "Italy", "Greece", "Poland", "Sweden", "Peru", "Spain")
ASKED = ("capital", "currency", "population", "language", "continent")


class Turn(msgspec.Struct, frozen=True):
    """One call of `submit`."""

    at: float
    user: str
    thread: str
    text: str


def optimum(turns: int, per_minute: int = PER_MINUTE, works: float = WORKS) -> float:
    """The shortest time, in seconds, in which so many turns can be done: the limit is full at the beginning and fills up steadily, so the
    last run starts when the limit allows it, and then it is queued and works. Requests and polls are taken to cost nothing."""
    return max(0.0, turns - per_minute) * 60 / per_minute + QUEUED + works


# ---- the worlds -------------------------------------------------------------------------------------------------------------------------


def _question(number: int) -> str:
    """What is asked in a turn; every twelfth has white space around it."""
    text = f"What is the {ASKED[number % len(ASKED)]} of {COUNTRIES[number // len(ASKED) % len(COUNTRIES)]}? (No. {number + 1})"
    return f" {text}\n" if number % 12 == 11 else text


def _crowd() -> Iterator[tuple[float, str, str]]:
    """Moment, user and the name of the thread: an import first, then everybody else, of whom Ada says three things in a row."""
    for number in range(36):
        yield 0.0, "importer", f"import-{number}"
    for _ in range(3):
        yield 2.0, "ada", "ada"
    for number in range(48):
        yield 2.0, f"user-{number + 1}", f"user-{number + 1}"


def _few() -> Iterator[tuple[float, str, str]]:
    yield 0.0, "ada", "ada-1"
    yield 0.0, "ada", "ada-1"
    yield 0.0, "ada", "ada-2"
    yield 0.0, "bob", "bob"


def _one() -> Iterator[tuple[float, str, str]]:
    yield 0.0, "ada", "ada"


def _two() -> Iterator[tuple[float, str, str]]:
    yield 0.0, "ada", "ada"
    yield 0.0, "ada", "ada"
    yield 0.0, "bob", "bob"


def _two_and_later() -> Iterator[tuple[float, str, str]]:
    """The last one comes when the others have been given up."""
    yield from _two()
    yield 900.0, "cleo", "cleo"


def _waves() -> Iterator[tuple[float, str, str]]:
    """Within three a minute, if a minute is any sixty seconds; over it for a counter that begins anew at 60 s."""
    for number, at in enumerate((0.0, 50.0, 50.0, 61.0, 61.0, 61.0)):
        yield at, f"user-{number + 1}", f"user-{number + 1}"


def _at_once() -> Iterator[tuple[float, str, str]]:
    """Two more than the limit lets start: they wait long after all other runs are over, so nothing but the time can wake them."""
    for number in range(FEW_A_MINUTE + 2):
        yield 0.0, f"user-{number + 1}", f"user-{number + 1}"


def _world(
    who: Callable[[], Iterator[tuple[float, str, str]]], scenario: str, limits: Limits, same: Mapping[int, int]
) -> Callable[[], World]:
    def setup(client: OpenAI) -> dict[str, Any]:
        made = [client.beta.assistants.create(model="gpt-4o", instructions="Answer in one sentence.") for _ in range(3)]
        threads: dict[str, str] = {}
        turns = []
        for number, (at, user, name) in enumerate(who()):
            if name not in threads:
                threads[name] = client.beta.threads.create(metadata={"user": user}).id
            turns.append([at, user, threads[name], _question(same.get(number, number))])
        return {"assistant_id": made[1].id, "turns": turns}

    return lambda: World(setup, scenario=scenario, limits=limits)


def _args(given: dict[str, Any]) -> list[Any]:
    return [ASYNC_CLIENT, given["assistant_id"]]


def _scene(
    name: str,
    who: Callable[[], Iterator[tuple[float, str, str]]],
    scenario: str,
    bound: int,
    requests: int = 500,
    per_minute: int = PER_MINUTE,
    same: Mapping[int, int] = {},
) -> Scene:
    """`same`: which turns ask what an earlier one asks, word for word."""
    return Scene(
        name,
        _world(who, scenario, Limits(requests=requests), same),
        _args,
        kwargs={"runs_per_minute": per_minute},
        kwargs_of=lambda given: {"turns": given["turns"]},
        driver="submits",
        bound=bound,
    )


# ---- what the journal shows -------------------------------------------------------------------------------------------------------------


def _turns(evidence: Evidence) -> list[Turn]:
    return [Turn(*one) for one in evidence.given["turns"]]


def _raised(value: Any) -> bool:
    return isinstance(value, dict) and "raised" in value


def _values(evidence: Evidence) -> list[Any]:
    return evidence.value if isinstance(evidence.value, list) else []


def _runs(evidence: Evidence) -> list[Executed]:
    return evidence.requests("createRun", ok=True)


def _text_of(evidence: Evidence, run: Executed) -> str:
    """The newest user message that a run reads: the turn that it is for."""
    said = {one.id: one.text for one in evidence.messages(run.thread_id) if one.role == "user"}
    read = [said[one] for one in run.window if one in said]
    return read[-1] if read else ""


def _runs_for(evidence: Evidence, turn: Turn) -> list[Executed]:
    """The requests that started a run for this turn, in order."""
    return [run for run in evidence.requests("createRun", ok=True, thread_id=turn.thread) if _text_of(evidence, run) == turn.text]


def _wrong_run(evidence: Evidence, runs: Sequence[Executed], value: Any) -> str | None:
    """What is wrong with the runs of a turn that returned `value`; None if the last one has the answer."""
    kept = [(one, run) for one in runs if (run := evidence.run(one.run_id)) is not None]
    if not kept:
        return Sentence("run_is_gone", f"the run is not there any more: {evidence.line(runs[-1])}.")
    if stranger := of_another_assistant(evidence, runs):
        return stranger
    made, last = kept[-1]
    if last.status != "completed":
        return Sentence(
            "taken_for_an_answer",
            f"it returned {short(value)}, and its last run is {last.status}: {evidence.line(made)}. That is no answer.",
        )
    written = "\n".join(one.text for one in evidence.messages(last.thread_id) if one.role == "assistant" and one.run_id == last.id)
    if isinstance(value, str) and value.strip() == written.strip():
        return None
    return Sentence("returned_run_wrote", f"it returned {short(value)}; its run wrote “{written}”.")


def _times_posted(evidence: Evidence, turn: Turn) -> int:
    """How often a turn's text is on its thread."""
    return sum(one.text == turn.text for one in evidence.messages(turn.thread) if one.role == "user")


def _lost(evidence: Evidence, turn: Turn, value: Any) -> str | None:
    """Why this turn counts as lost; None if it does not."""
    posted = _times_posted(evidence, turn)
    what = f"{turn.user}'s turn {turn.text!r}"
    if _raised(value):
        return f"{what} raised {value['raised']}: {value['message']}"
    if not posted and (instead := otherwise(evidence.messages(turn.thread), turn.text)):
        return Sentence("posted_otherwise", f"{what} is not on its thread: {instead}.")
    if posted != 1:
        return Sentence("thread_times", f"{what} is on its thread {posted} times.")
    runs = _runs_for(evidence, turn)
    if not runs:
        return Sentence(
            "thread_no_run_run_newest", f"{what} is on its thread, and no run was for it (a run is for the newest message that it reads)."
        )
    wrong = _wrong_run(evidence, runs, value)
    return Sentence(wrong.key, f"{what}: {wrong}") if isinstance(wrong, Sentence) else wrong


def _speaks_for_itself(lost: str) -> bool:
    """Whether a turn is lost, and nothing was given up: it was posted again, or something else was returned than its run wrote."""
    return isinstance(lost, Sentence) and lost.key in (
        "returned_run_wrote",
        "thread_times",
        "posted_otherwise",
        "run_of_another_assistant",
        "taken_for_an_answer",
    )


def _all_lost(evidence: Evidence) -> list[str]:
    values = _values(evidence)
    found = (_lost(evidence, turn, value) for turn, value in zip(_turns(evidence), values, strict=False))
    return [one for one in found if one is not None]


def nobody_is_lost(evidence: Evidence) -> Found:
    if not evidence.requests():
        return Occasion.NONE
    lost = _all_lost(evidence)
    return (
        Sentence("turns_came_nothing_first", f"{len(lost)} of {len(_turns(evidence))} turns came to nothing; the first: {lost[0]}")
        if lost
        else None
    )


def one_run_per_thread(evidence: Evidence) -> Found:
    refused = [entry for entry in evidence.requests(ok=False) if "active" in entry.error]
    if refused:
        return Sentence(
            "thread_locked_run_sent_something",
            f"the thread was locked by a run, and it sent something all the same: {evidence.line(refused[0])}.",
        )
    threads = Counter(turn.thread for turn in _turns(evidence))
    for thread in [name for name, count in threads.items() if count > 1]:
        said = [turn.text for turn in _turns(evidence) if turn.thread == thread]
        posted = [one.text for one in evidence.messages(thread) if one.role == "user" and one.text in said]
        read = [_text_of(evidence, run) for run in evidence.requests("createRun", ok=True, thread_id=thread)]
        if posted and posted != said:
            return Sentence(
                "submitted_order_messages_are_thread",
                f"submitted in the order {said}, the messages are on the thread in the order {posted}.",
            )
        if read and list(dict.fromkeys(read)) != said:
            return Sentence(
                "turns_one_thread_answered_order",
                f"the turns of one thread were answered in the order {read}, not as they were submitted: {said}.",
            )
        if not read:
            return Occasion.NONE
    return None


def _how_often(count: int) -> str:
    return f", {count} times in all; the first" if count > 1 else ""


def limit_never_passed(evidence: Evidence) -> Found:
    refused = [entry for entry in evidence.requests("createRun", ok=False) if entry.status == 429]
    if refused:
        return Sentence(
            "runs_refused_first_being_refused",
            f"a run was refused with a 429{_how_often(len(refused))}: {evidence.line(refused[0])}. A refusal is not a way to wait: "
            "count the runs that you start, in any sixty seconds.",
        )
    made, wanted = len(_runs(evidence)), len(_turns(evidence))
    if made < 0.8 * wanted:
        return (
            Sentence("only_runs_started_turns_easily", f"only {made} runs were started for {wanted} turns: that is easily within a limit.")
            if made
            else Occasion.NONE
        )
    return None


def _witnessed(evidence: Evidence, name: str) -> dict[int, Entry]:
    return {entry.turn: entry for entry in evidence.journal if isinstance(entry, TurnMarked) and entry.operation == name}


def nobody_starves(evidence: Evidence) -> Found:
    """While the first turn of a user waits, no other user gets more than two runs."""
    owners = {turn.thread: turn.user for turn in _turns(evidence)}
    runs = _runs(evidence)
    if not runs:
        return Occasion.NONE
    submitted = _witnessed(evidence, "submitted")
    first: dict[str, int] = {}
    for number, turn in enumerate(_turns(evidence)):
        first.setdefault(turn.user, number)
    for user, number in first.items():
        started = next((run for run in runs if owners.get(run.thread_id) == user), None)
        if number not in submitted or started is None:
            return Sentence("s_turn_never_got_run", f"{user}'s turn never got a run.")
        before = Counter(
            owners.get(run.thread_id) for run in runs if submitted[number].n < run.n < started.n and owners.get(run.thread_id) != user
        )
        ahead, count = before.most_common(1)[0] if before else ("", 0)
        if count > AHEAD:
            return Sentence(
                "submitted_one_turn_got_run",
                f"{user}'s first turn came ({evidence.line(submitted[number])}) and got a run only after {count} more of {ahead}'s "
                f"({evidence.line(started)}). First come, first served lets whoever comes with a heap go first; take turns between users.",
            )
    return None


def _within(factor: float) -> Callable[[Evidence], Found]:
    def within(evidence: Evidence) -> Found:
        if not evidence.requests():
            return Occasion.NONE
        lost = len(_all_lost(evidence))
        if lost:
            return Sentence(
                "time_counts_when_every_turn", f"time counts when every turn was answered; {lost} of {len(_turns(evidence))} were not."
            )
        best = optimum(len(_turns(evidence)))
        if evidence.seconds <= factor * best:
            return None
        return Sentence(
            "took_s_times_optimum_s",
            f"it took {evidence.seconds:.1f} s, {evidence.seconds / best:.2f} times the optimum of {best:.1f} s "
            f"(({len(_turns(evidence))} - {PER_MINUTE}) runs at one in {60 / PER_MINUTE:g} s, and {QUEUED + WORKS:g} s for the last).",
        )

    return within


def survives_429(evidence: Evidence) -> Found:
    refused = evidence.requests("createRun", ok=False)
    if not refused:
        return Occasion.NONE
    sent = [entry for entry in evidence.journal if entry.what == "sent" and entry.operation == "createRun"]
    for entry in refused:
        later = [one for one in sent if one.n > entry.n]
        if later and later[0].at < entry.at + RETRY_AFTER - 0.05:
            return Sentence(
                "said_retry_after_next_try",
                f"{evidence.line(entry)} said Retry-After: {RETRY_AFTER:g}, and the next try came sooner: {evidence.line(later[0])}.",
            )
    lost = _all_lost(evidence)
    if not lost or _speaks_for_itself(lost[0]):
        return lost[0] if lost else None
    return Sentence("no_reason_give_up", f"{evidence.line(refused[-1])} was no reason to give up: {lost[0]}")


def runs_again_after_rate_limit_exceeded(evidence: Evidence) -> Found:
    failed = [entry for entry in evidence.journal if entry.what == "run" and entry.state == "failed"]
    if not failed:
        return Occasion.NONE
    lost = _all_lost(evidence)
    if lost and _speaks_for_itself(lost[0]):
        return lost[0]
    if lost:
        return Sentence("no_came_turn_not_over", f"{evidence.line(failed[0])}: no 429 came, and the turn was not over. {lost[0]}")
    for entry in failed:
        later = [run for run in evidence.requests("createRun", thread_id=entry.thread_id) if run.n > entry.n]
        if later and later[0].at < entry.at + 0.95:
            return Sentence(
                "says_too_many_requests_next",
                f"{evidence.line(entry)} says too many requests, and the next came less than a second later: {evidence.line(later[0])}.",
            )
    return None


def gives_up_in_the_end(evidence: Evidence) -> Found:
    runs = _runs(evidence)
    if not runs:
        return Occasion.NONE
    each = Counter((run.thread_id, _text_of(evidence, run)) for run in runs)
    most, count = each.most_common(1)[0]
    if count > MOST_RUNS:
        return Sentence(
            "every_run_failed_started_give",
            f"every run failed, and {count} were started for “{most[1]}”: give up after {MOST_RUNS} at most, and raise.",
        )
    if evidence.ending.how == "halted":
        return Sentence("every_run_failed", f"every run failed, and it {evidence.ending.message}.")
    silent = [turn for turn, value in zip(_turns(evidence), _values(evidence), strict=False) if not _raised(value)]
    if silent:
        return Sentence(
            "no_run_succeeded_submit_returned",
            f"no run succeeded ({cited(evidence, runs, 2)}), and submit returned for {silent[0].user} as if one had: raise an error.",
        )
    return _given_up_too_soon(evidence, each) or _posted_again(evidence)


def _given_up_too_soon(evidence: Evidence, each: Mapping[tuple[str, str], int]) -> str | None:
    for turn in _turns(evidence):
        own, what = each[turn.thread, turn.text], f"{turn.user}'s turn {turn.text!r}"
        if not own:
            return Sentence("never_got_a_run", f"every run failed, and {what} never got one.")
        if own < 2:
            return Sentence("gave_up_too_soon", f"every run failed, and {what} had one of them: one failure is no reason to give up.")
    return None


def _posted_again(evidence: Evidence) -> str | None:
    for turn in _turns(evidence):
        posted = _times_posted(evidence, turn)
        if posted != 1:
            return Sentence("thread_times", f"every run failed, and {turn.user}'s turn {turn.text!r} is on its thread {posted} times.")
    return None


CROWD, FEW, WAVES, DRY = "fifty users", "four turns at once", "two waves", "dry spell"
TIMED = ((2.5, 1, "done_in_2_5_times_the_optimum"), (1.6, 1, "done_in_1_6_times_the_optimum"), (1.15, 2, "done_in_1_15_times_the_optimum"))

EXERCISE = Exercise(
    slug="run-queue",
    parts=(
        Part(
            "RunQueue",
            (
                Behaviour(
                    "nobody_is_lost", 3, "Every turn is posted once and answered by its own run.", nobody_is_lost, (CROWD, FEW, WAVES, DRY)
                ),
                Behaviour(
                    "one_run_per_thread", 2, "A thread has one run at a time, in the order of submission.", one_run_per_thread, (FEW, CROWD)
                ),
                Behaviour("limit_never_passed", 3, "No run is refused with a 429.", limit_never_passed, (CROWD, WAVES, DRY)),
                Behaviour("nobody_starves", 2, f"No other user gets more than {AHEAD} runs while yours waits.", nobody_starves, (CROWD,)),
                *(
                    Behaviour(name, points, f"All is done in {factor:g} times the optimum.", _within(factor), (CROWD,))
                    for factor, points, name in TIMED
                ),
                Behaviour("survives_429", 2, "Refused all the same, it waits as told and tries again.", survives_429, ("refused",)),
                Behaviour(
                    "runs_again_after_rate_limit_exceeded",
                    2,
                    "A run that fails with rate_limit_exceeded is followed by another one, without a second message.",
                    runs_again_after_rate_limit_exceeded,
                    ("run fails",),
                ),
                Behaviour(
                    "gives_up_in_the_end",
                    1,
                    f"When every run fails so, submit raises after {MOST_RUNS} runs at most.",
                    gives_up_in_the_end,
                    ("every run fails",),
                    any_ending=True,
                ),
            ),
            (
                _scene(CROWD, _crowd, f"slow:{WORKS:g} limit:gpt-4o:rpm={PER_MINUTE + MORE_THAN_TOLD}", 1, 4000),
                _scene(FEW, _few, "", 10, same={0: 2, 3: 2}),
                _scene(
                    WAVES,
                    _waves,
                    f"slow:{WORKS_LONGER:g} limit:gpt-4o:rpm={FEW_A_MINUTE + MORE_THAN_TOLD}",
                    1,
                    per_minute=FEW_A_MINUTE,
                    same={5: 0},
                ),
                _scene(
                    DRY,
                    _at_once,
                    f"slow:{WORKS:g} limit:gpt-4o:rpm={FEW_A_MINUTE + MORE_THAN_TOLD}",
                    1,
                    per_minute=FEW_A_MINUTE,
                ),
                _scene("refused", _one, f"429:{RETRY_AFTER:g}@createRun#1-4", 1),
                _scene("run fails", _two, "run_failed:rate_limit_exceeded@createRun#1-2", 1),
                _scene("every run fails", _two_and_later, "run_failed:rate_limit_exceeded@createRun", 1),
            ),
            promises={
                "each submit returns the text of the run for its turn, also where two users say the same": (CROWD, FEW, WAVES),
                "a thread belongs to one user; a user may have several": (CROWD, FEW),
                "a user may say the same words on two threads": (FEW,),
                "the turns of a thread in the order in which they were submitted": (FEW,),
                "so many runs a minute, whatever the number, and in any sixty seconds": (CROWD, WAVES, DRY),
                "no user waits for more than two runs of another": (CROWD,),
                "no time is wasted": (CROWD,),
                "refused up to four times in a row": ("refused",),
                "a run that fails with rate_limit_exceeded, once or always": ("run fails", "every run fails"),
            },
        ),
    ),
    hints=(
        "Three things hold a turn back: an earlier turn on its thread, other users whose turn it is, and the limit. Which of them can you "
        "decide when the turn is submitted, and which only at the moment when a run may start?",
        "Keep a queue for each user, and let one dispatcher go round the users: it waits until the limit has room, takes the oldest turn "
        "of the next user whose thread is free, and starts a task for it. The task posts, runs, waits, reads, frees the thread, and sets "
        "the result of the future on which submit waits.",
        "class Limit:                                    # holds a minute's worth, fills up steadily\n"
        "    async def take(self):\n"
        "        while True:\n"
        "            now = time.monotonic()\n"
        "            self.left = min(self.most, self.left + (now - self.at) * self.most / 60); self.at = now\n"
        "            if self.left >= 1: self.left -= 1; return\n"
        "            await asyncio.sleep((1 - self.left) * 60 / self.most)\n"
        "# dispatcher: while there is work: await limit.take(); user = next in the ring with a turn on a free thread;\n"
        "#             create_task(do(turn)); move the user to the end of the ring.\n"
        "# do: post; for attempt in range(5): create a run, poll it; completed: read; rate_limit_exceeded: sleep, take() and again.",
    ),
)

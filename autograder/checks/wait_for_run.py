"""Exercise `wait-for-run`: polling with pauses that grow, are capped and jittered, a deadline, and nerves for a bad moment."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

from openai import OpenAI

from autograder.checks.seen import short
from autograder.checks.somebody_else import SharedWorld, post
from autograder.judging.behaviours import Behaviour, Exercise, Found, Occasion, Part, Scene, Sentence, ending_of, unwritten, worth
from threadlab.engine.journal import Entry, Executed, Sent
from threadlab.trials.api_family import THREADS, Family
from threadlab.trials.host import LATENCY
from threadlab.trials.trial import CLIENT, Evidence, World
from threadlab.wire.assistants import Run
from threadlab.wire.exchange import Request
from threadlab.wire.statuses import RUN_ENDS

CAP = 10.0
"""Seconds that no pause may exceed."""
SLACK = 1.0
"""Seconds allowed for the requests themselves, where a moment in time is judged."""

BRIEF = 1.7
"""Seconds: a `max_wait` that is no whole number, and shorter than a second pause."""

ALIKE = 0.0001
"""Seconds. Three waits whose pauses differ by less have not left them to chance."""

FALL = 4.0
"""From the fifth pause on, the longest is at most so many times the shortest: jitter makes it three at most."""

LISTS = "listRuns"
"""Another way to ask how a run is."""
LEAST_PAUSE = 0.25
"""Seconds between a poll that failed and the next."""

QUICK = {**CLIENT, "max_retries": 0}
"""A client that repeats nothing by itself, so that every poll in the journal is the learner's."""


def _running(client: OpenAI) -> dict[str, Any]:
    thread = client.beta.threads.create(messages=[{"role": "user", "content": "What is the capital of Portugal?"}])
    assistant = client.beta.assistants.create(model="gpt-4o", instructions="Answer in one sentence.")
    run = client.beta.threads.runs.create(thread.id, assistant_id=assistant.id)
    return {"thread_id": thread.id, "run_id": run.id}


def _two_running(client: OpenAI) -> dict[str, Any]:
    """Two runs on two threads: one ends after 40 s, the other after 100 s."""
    first, second = _running(client), _running(client)
    return {**first, "then": second}


def _one_after_the_other(given: dict[str, Any]) -> list[Any]:
    return [_args(given), _args(given["then"])]


def _another_is_started(run: Run) -> Request | None:
    """As soon as the run has ended, somebody starts another on its thread."""
    if run.status not in RUN_ENDS:
        return None
    return post(f"/threads/{run.thread_id}/runs", {"assistant_id": run.assistant_id})


def _cancelled(client: OpenAI) -> dict[str, Any]:
    given = _running(client)
    client.beta.threads.runs.cancel(given["run_id"], thread_id=given["thread_id"])
    return given


def _asking(client: OpenAI) -> dict[str, Any]:
    thread = client.beta.threads.create(messages=[{"role": "user", "content": "What is the capital of Portugal?"}])
    function = {"name": "get_capital", "parameters": {"type": "object", "properties": {"country": {"type": "string"}}}}
    tools: Any = [{"type": "function", "function": function}]
    assistant = client.beta.assistants.create(model="gpt-4o", tools=tools)
    run = client.beta.threads.runs.create(thread.id, assistant_id=assistant.id)
    return {"thread_id": thread.id, "run_id": run.id}


def _args(given: dict[str, Any]) -> list[Any]:
    return [QUICK, given["thread_id"], given["run_id"]]


# ---- what the journal shows -------------------------------------------------------------------------------------------------------------


def _asks(evidence: Evidence) -> list[Sent]:
    return [entry for entry in evidence.journal if isinstance(entry, Sent)]


def pauses(evidence: Evidence) -> list[float]:
    """The seconds between one reply and the next request, and before the first request if it did not come at once."""
    sent = [entry.at for entry in _asks(evidence)]
    if not sent:
        return []
    first = sent[0] - evidence.start
    return ([first] if first > 0.05 else []) + [max(0.0, later - earlier - LATENCY) for earlier, later in pairwise(sent)]


def _listed(found: Sequence[float]) -> str:
    shown = ", ".join(f"{pause:.2f}" for pause in found[:8])
    return f"{shown}{', …' if len(found) > 8 else ''} s"


def _ended(evidence: Evidence, family: Family) -> Entry | None:
    """When the run ended by itself, or began to wait for tool outputs."""
    return next((entry for entry in evidence.journal if entry.what == "run" and entry.state in family.ends), None)


def _most(evidence: Evidence) -> float:
    return float(evidence.given.get("most", 60.0 if evidence.given.get("default") else 30.0))


def _both_returned(evidence: Evidence) -> Found:
    ids = [evidence.given["run_id"], evidence.given["then"]["run_id"]]
    for run_id, value in zip(ids, evidence.value, strict=True):
        if not isinstance(value, dict) or (value.get("id"), value.get("status")) != (run_id, "completed"):
            return Sentence("second_wait_returned", f"of two waits, one after the other, the one for {run_id} returned {short(value)}.")
    return None if _asks(evidence) else Occasion.NONE


def returns_at_every_end(evidence: Evidence, family: Family = THREADS) -> Found:
    if "then" in evidence.given:
        return _both_returned(evidence)
    run = family.run_of(evidence, evidence.given["run_id"])
    value = evidence.value
    status = run.status if run is not None else "gone"
    if not _asks(evidence):
        return Occasion.NONE
    if not isinstance(value, dict) or value.get("$") != family.kind.__name__:
        return Sentence("returned_not", f"the {family.run} was {status}, and it returned {short(value)}, not a {family.kind.__name__}.")
    if value.get("id") != evidence.given["run_id"]:
        return Sentence("returned_another_one_whose_id", f"it returned another {family.run} than the one whose id was given.")
    if value.get("status") not in family.ends:
        belief = f"a {family.run} is queued for a moment only" if value.get("status") == "queued" else "everything but queued is over"
        return Sentence(
            "returned_while_not_end",
            f"it returned the {family.run} while it was {value.get('status')}: that is not an end. (Misconception: {belief}.)",
        )
    return None


def starts_at_one_second(evidence: Evidence, family: Family = THREADS) -> Found:
    if "then" in evidence.given:
        return _second_starts_at_one_second(evidence, family)
    found = pauses(evidence)
    if not found:
        return Occasion.NONE
    if 0.499 <= found[0] <= 2.001:
        return None
    what = "a tight loop" if found[0] < 0.5 else f"too slow for the {family.run}s that take two seconds"
    return Sentence(
        "first_pause_s_begin_about", f"the first pause was {found[0]:.2f} s, {what}; begin at about 1 s. The pauses: {_listed(found)}."
    )


def _second_starts_at_one_second(evidence: Evidence, family: Family) -> Found:
    """The pauses of the second wait in one process: from its beginning, which is when the first one knew its end."""
    polls, then = evidence.requests(family.poll), evidence.given["then"]["run_id"]
    told = next((one for one in reversed(polls) if one.work_id == evidence.given["run_id"]), None)
    after = [entry.at for entry in polls if told is not None and entry.n > told.n and entry.work_id == then]
    if told is None or len(after) < 2:
        return Occasion.NONE
    first = after[1] - after[0] - LATENCY if after[0] - told.at < 0.05 + LATENCY else after[0] - told.at
    if 0.499 <= first <= 2.001:
        return None
    return Sentence(
        "second_wait_starts_elsewhere", f"a second wait in the same process began with a pause of {first:.2f} s; begin at about 1 s."
    )


def pauses_grow(evidence: Evidence, family: Family = THREADS) -> Found:
    found = pauses(evidence)
    if not found:
        return Occasion.NONE
    later = found[4:] or found[-1:]
    average = sum(later) / len(later)
    if average >= 3.0 and average >= 1.5 * found[0]:
        low = next((number for number in range(4, len(found) - 1) if found[number] < max(found[:number]) / FALL), None)
        return None if low is None else _fell_back(found[: low + 1])
    return Sentence(
        "took_s_pauses_did_not",
        f"the {family.run} took {evidence.seconds:.0f} s, and the pauses did not grow: from the fifth on they were "
        f"{average:.2f} s on average. The pauses: {_listed(found)}. (Misconception: a constant interval is enough.)",
    )


def _fell_back(found: Sequence[float]) -> Sentence:
    return Sentence(
        "pauses_fell_back",
        f"the pauses grew, and then came a short one: {found[-1]:.2f} s after one of {max(found):.2f} s. They grow up to the cap and stay "
        "there, a little longer or shorter by chance.",
    )


def pauses_are_capped(evidence: Evidence, family: Family = THREADS) -> Found:
    found = pauses(evidence)
    if len(found) < 2:
        return Occasion.NONE
    if max(found) <= CAP + 0.001:
        return None if max(found) >= 1.5 * found[0] else Occasion.NONE
    return Sentence(
        "pause_lasted_s_without_cap",
        f"a pause lasted {max(found):.2f} s: without a cap a {family.run} is noticed long after its end. The pauses: {_listed(found)}.",
    )


def jittered(evidence: Evidence) -> Found:
    return None if len(pauses(evidence)) >= 2 else Occasion.NONE


def grow_step_by_step(several: Sequence[Evidence], family: Family = THREADS) -> Found:
    """The second and the third pause: on average over several waits, since each is jittered."""
    plans = [pauses(evidence)[:3] for evidence in several]
    if min(map(len, plans)) < 3:
        return Occasion.NONE
    first, second, third = (sum(each) for each in zip(*plans, strict=True))
    if second <= 4 * first and third <= 4 * second:
        return None
    return Sentence(
        "pauses_jump",
        f"a pause is more than four times the one before; each should be about twice as long. The pauses: {_listed(plans[0])}.",
    )


def differ(several: Sequence[Evidence], family: Family = THREADS) -> Found:
    """Two waits that began alike must not go on alike."""
    plans = [pauses(evidence)[:6] for evidence in several]
    if min(map(len, plans)) < 2:
        return Occasion.NONE
    apart = [max(each) - min(each) for each in zip(*plans, strict=False)]
    if max(apart) > 0.01:
        alike = [number for number, seconds in enumerate(apart) if seconds < ALIKE]
        later = range(3, len(apart))
        if not [number for number in alike if number < 3] and (not later or set(later) - set(alike)):
            return None
        return Sentence(
            "one_pause_is_never_jittered",
            f"pause number {alike[0] + 1} was the same in three waits for {family.run}s alike; make every pause a little shorter or longer "
            f"by chance. The pauses: {_listed(plans[0])}.",
        )
    return Sentence(
        "three_waits_s_alike_paused",
        f"three waits for {family.run}s alike paused alike: {_listed(plans[0])}. "
        "A hundred workers that start together would poll together; make every pause a little shorter or longer by chance.",
    )


def overshoots_at_most_one_pause(evidence: Evidence, family: Family = THREADS) -> Found:
    if not _asks(evidence):
        return Occasion.NONE
    if evidence.ending.how == "halted":
        return Sentence("no_end", f"it did not end by itself: it {evidence.ending.message}.")
    waited = evidence.seconds
    if evidence.given.get("stuck"):
        most = _most(evidence)
        if waited > most + CAP + SLACK and evidence.given.get("default"):
            return _other_default(evidence, waited)
        if waited > most + CAP + SLACK:
            return Sentence(
                "max_wait_s_went_s",
                f"max_wait was {most:g} s and it went on for {waited:.1f} s. Measure the time that has passed; do not count the polls.",
            )
        if waited < most - 0.05:
            if evidence.ending.how == "returned" and (early := returns_at_every_end(evidence, family)):
                return early
            ended_how = "gave up" if evidence.ending.type in ("", "RunTimeout") else f"raised {evidence.ending.type}"
            return Sentence("max_wait_s_gave_up", f"max_wait was {most:g} s, and it {ended_how} after only {waited:.1f} s.")
        return None
    ended = _ended(evidence, family)
    if ended is None:
        return Occasion.NONE
    if evidence.end - ended.at > CAP + SLACK:
        return Sentence(
            "end_noticed_more_one_pause",
            f"the end was noticed more than one pause late: {evidence.line(ended)}, and it came back at {waited:.1f} s.",
        )
    return None


def nothing_after_the_end(evidence: Evidence, family: Family = THREADS) -> Found:
    if not evidence.returned:  # after a bad moment, that is for `survives_errors` to say
        return Occasion.NONE if _failed_polls(evidence, family) else ending_of(evidence) or Occasion.NONE
    told = next((one for one in evidence.requests(family.poll, ok=True) if one.run_status in family.ends), None)
    ended = _ended(evidence, family)
    if told is None and ended is not None:  # it asks by lists
        told = next((one for one in evidence.requests(LISTS, ok=True) if one.n > ended.n), None)
    if told is None:
        return Occasion.NONE
    after = [entry for entry in _asks(evidence) if entry.n > told.n]
    if not after:
        return None
    return Sentence(
        "had_said_after_came",
        f"{evidence.line(told)} had said that the {family.run} was {told.run_status or 'over'}, "
        f"and after it came {evidence.line(after[0])}.",
    )


def _failed_polls(evidence: Evidence, family: Family) -> list[Executed]:
    return [entry for entry in evidence.requests(ok=False) if entry.operation in (family.poll, LISTS)]


def survives_errors(evidence: Evidence, family: Family = THREADS) -> Found:
    failed = _failed_polls(evidence, family)
    if not failed:
        return Occasion.NONE
    for refused in failed:
        again = next((entry for entry in _asks(evidence) if entry.n > refused.n), None)
        if again is not None and again.at - refused.at < LEAST_PAUSE:
            return Sentence(
                "no_pause_after_an_error",
                f"{evidence.line(refused)}, and without a pause came {evidence.line(again)}.",
            )
    if evidence.ending.how == "raised":
        return Sentence(
            "ended_wait_service_had_bad",
            f"{evidence.line(failed[-1])} ended the wait with {evidence.ending.type}: the service had a bad moment, "
            f"and the {family.run} was going on. Pause, and ask again.",
        )
    if evidence.ending.how == "halted":
        return f"after {evidence.line(failed[-1])} it {evidence.ending.message}."
    value = evidence.value
    if isinstance(value, dict) and value.get("status") == "completed":
        return None
    return Sentence(
        "after_returned_not_completed", f"after {evidence.line(failed[-1])} it returned {short(value)}, not the completed {family.run}."
    )


def _other_default(evidence: Evidence, waited: float) -> Sentence:
    return Sentence("another_default", f"the caller named no max_wait, so it is {_most(evidence):g} s, and it went on for {waited:.1f} s.")


def cancels_at_the_deadline(evidence: Evidence, family: Family = THREADS) -> Found:
    cancels = [one for one in evidence.requests(family.cancel, ok=True) if one.work_id == evidence.given["run_id"]]
    most = _most(evidence)
    if cancels:
        early = cancels[0].at - evidence.start
        if evidence.given.get("default") and early > most + CAP + SLACK:
            return _other_default(evidence, early)
        return (
            None
            if early >= most - 0.05
            else Sentence(
                "max_wait_s_cancelled_early",
                f"max_wait was {most:g} s, and it cancelled the {family.run} early: {evidence.line(cancels[0])}.",
            )
        )
    if evidence.ending.how == "halted":
        return Sentence("no_deadline", f"there was no deadline: it {evidence.ending.message}.")
    if len(_asks(evidence)) < 2 or unwritten(evidence):
        return Occasion.NONE
    return Sentence(
        "after_s_gave_up_without",
        f"after {evidence.seconds:.0f} s it gave the {family.run} up without cancelling it: "
        f"it goes on, costs, and keeps the {family.home} locked.",
    )


def raises_the_timeout(evidence: Evidence, error: str, family: Family = THREADS) -> Found:
    """`error`: the name of the exception that the exercise gives."""
    ending, run_id = evidence.ending, evidence.given["run_id"]
    if ending.how == "halted":
        return Sentence("no_deadline_2", f"there was no deadline: it {ending.message}.")
    if ending.how == "returned":
        return (
            Sentence("max_wait_had_passed_returned", f"max_wait had passed, and it returned {short(evidence.value)} as if all were well.")
            if _asks(evidence)
            else Occasion.NONE
        )
    if error not in (ending.type, *ending.bases):
        return Sentence("raised_given_wanted", f"it raised {ending.type} ({ending.message}); the given {error} was expected.")
    if run_id not in ending.message:
        return Sentence(
            "says_whoever_reads_log_needs",
            f"{error} says {ending.message!r}; whoever reads that in a log needs the {family.run}'s id, {run_id}.",
        )
    return None if _asks(evidence) else Occasion.NONE


LONG = ("long", "long, another day", "long, a third day")
EVERY_END = (*RUN_ENDS, "requires_action")
DEADLINES = ("stuck", "stuck, no max_wait given")
FAILS_TO_THE_DEADLINE = "every poll fails"
LAST_LOOKS = ("ends before the deadline", "fails before the deadline")
NO_TIME = "stuck, no time to wait"
AGAIN, GOES_ON = ("two waits in one process",), "another run follows"
BAD = ("bad moments", "six in a row", "limits in a row")
WITHOUT_LIMITS = ("six in a row",)
"""Where no `Retry-After` says that a pause may be longer."""


def _bad(faults: str) -> str:
    """Faults of polls, whichever way an answer asks: `getRun` in them stands for both."""
    return f"{faults} {faults.replace('getRun', LISTS)}"


def behaviours(
    family: Family,
    ends: tuple[str, ...],
    error: str,
    points: Mapping[str, int],
    deadlines: tuple[str, ...] = DEADLINES,
    bad: tuple[str, ...] = ("bad moments",),
    again: tuple[str, ...] = (),
) -> tuple[Behaviour, ...]:
    """What is checked of a wait, in the words of a family. `points` names those that are, and what each is worth.

    `ends`: the names of the scenes that bring every end about; beside them there are those in LONG, `deadlines`, `bad` and `again`.
    `error`: the name of the exception that the exercise gives.
    """
    run = family.run
    returned = {
        "run": "The run is returned at each of the five terminal statuses and at `requires_action`, and not before.",
        "response": "The response is returned at each of the four terminal statuses, and not before.",
    }
    timeout = "raises_run_timeout" if family is THREADS else "raises_response_timeout"
    return worth(
        (
            Behaviour("returns_at_every_end", 1, returned[run], partial(returns_at_every_end, family=family), (*ends, *again)),
            Behaviour(
                "starts_at_one_second",
                1,
                "The first pause is about 1 s.",
                partial(starts_at_one_second, family=family),
                (*LONG, *again),
                any_ending=True,
            ),
            Behaviour(
                "pauses_grow", 1, "The pauses grow.", partial(pauses_grow, family=family), LONG, partial(grow_step_by_step, family=family)
            ),
            Behaviour(
                "pauses_are_capped",
                1,
                "No pause is longer than 10 s.",
                partial(pauses_are_capped, family=family),
                (*LONG, *(one for one in bad if one in WITHOUT_LIMITS)),
                any_ending=True,
            ),
            Behaviour(
                "jittered",
                1,
                "Two waits do not pause at the same moments.",
                jittered,
                LONG,
                partial(differ, family=family),
                any_ending=True,
            ),
            Behaviour(
                "overshoots_at_most_one_pause",
                1,
                f"The end of a {run}, and the deadline, are noticed at most one pause late.",
                partial(overshoots_at_most_one_pause, family=family),
                (*LONG, *ends, *deadlines),
                any_ending=True,
            ),
            Behaviour(
                "nothing_after_the_end",
                1,
                "Once a reply has shown the end, nothing more is asked.",
                partial(nothing_after_the_end, family=family),
                (*ends, *bad),
                any_ending=True,
            ),
            Behaviour(
                "survives_errors",
                1,
                "A 500, a 503 or a 429 while polling does not end the wait.",
                partial(survives_errors, family=family),
                bad,
                any_ending=True,
            ),
            Behaviour(
                "cancels_at_the_deadline",
                1,
                f"When max_wait has passed, the {run} is cancelled.",
                partial(cancels_at_the_deadline, family=family),
                deadlines,
                any_ending=True,
            ),
            Behaviour(
                timeout,
                1,
                f"Then {error} is raised, and it names the {run}.",
                partial(raises_the_timeout, error=error, family=family),
                deadlines,
                any_ending=True,
            ),
        ),
        points,
    )


def _marked(**marks: bool | float) -> Callable[[OpenAI], dict[str, Any]]:
    return lambda client: {**_running(client), **marks}


def _long(seed: int) -> Callable[[], World]:
    return lambda: World(_running, before="slow:100", seed=seed)


EXERCISE = Exercise(
    slug="wait-for-run",
    parts=(
        Part(
            "wait_for_run",
            behaviours(
                THREADS,
                (*EVERY_END, *LAST_LOOKS, GOES_ON),
                "RunTimeout",
                {
                    "returns_at_every_end": 3,
                    "starts_at_one_second": 1,
                    "pauses_grow": 2,
                    "pauses_are_capped": 1,
                    "jittered": 2,
                    "overshoots_at_most_one_pause": 1,
                    "nothing_after_the_end": 1,
                    "survives_errors": 2,
                    "cancels_at_the_deadline": 2,
                    "raises_run_timeout": 1,
                },
                (*DEADLINES, FAILS_TO_THE_DEADLINE, NO_TIME),
                BAD,
                AGAIN,
            ),
            (
                *(Scene(name, _long(seed), _args, kwargs={"max_wait": 300.0}) for seed, name in enumerate(LONG)),
                Scene("completed", lambda: World(_running), _args),
                Scene("failed", lambda: World(_running, before="run_failed"), _args),
                Scene("incomplete", lambda: World(_running, before="run_incomplete"), _args),
                Scene("expired", lambda: World(_running, before="run_expired"), _args),
                Scene("cancelled", lambda: World(_cancelled, before="slow:20 cancel_slow:6"), _args),
                Scene(
                    AGAIN[0],
                    lambda: World(_two_running, before="slow:40@createRun#1 slow:100@createRun#2"),
                    _one_after_the_other,
                    kwargs={"max_wait": 90.0},
                    driver="calls",
                ),
                Scene(GOES_ON, lambda: SharedWorld(_running, _another_is_started, before="slow:20"), _args),
                Scene("requires_action", lambda: World(_asking), _args),
                Scene(
                    "bad moments",
                    lambda: World(_running, before="slow:40", scenario=_bad("500@getRun#2-3 429:2@getRun#5 503@getRun#6")),
                    _args,
                    kwargs={"max_wait": 300.0},
                ),
                Scene(
                    "six in a row",
                    lambda: World(_running, before="slow:20", scenario=_bad("500@getRun#1-3 503@getRun#4-6")),
                    _args,
                    kwargs={"max_wait": 300.0},
                ),
                Scene(
                    "limits in a row",
                    lambda: World(_running, before="slow:20", scenario=_bad("429:1@getRun#2-4")),
                    _args,
                    kwargs={"max_wait": 300.0},
                ),
                Scene("ends before the deadline", lambda: World(_running, before="queued:12 slow:15"), _args, kwargs={"max_wait": 30.0}),
                Scene("fails before the deadline", lambda: World(_running, before="slow:41 run_failed"), _args, kwargs={"max_wait": 45.0}),
                Scene(
                    FAILS_TO_THE_DEADLINE,
                    lambda: World(_marked(stuck=True), before="stuck", scenario=_bad("500@getRun#1-400")),
                    _args,
                    kwargs={"max_wait": 30.0},
                ),
                Scene("stuck", lambda: World(_marked(stuck=True, most=BRIEF), before="stuck"), _args, kwargs={"max_wait": BRIEF}),
                Scene(NO_TIME, lambda: World(_marked(stuck=True, most=0.0), before="stuck"), _args, kwargs={"max_wait": 0.0}),
                Scene("stuck, no max_wait given", lambda: World(_marked(stuck=True, default=True), before="stuck_queued"), _args),
            ),
            promises={
                "each of the five terminal statuses, and requires_action": EVERY_END,
                "a run that has ended by max_wait is returned": LAST_LOOKS,
                "nothing after the end, whatever went wrong before": (*EVERY_END, *BAD),
                "called again in the same process": AGAIN,
                "the run whose id was given, and not the newest": (GOES_ON,),
                "a 429, a 500 or a 503, several times in a row": BAD,
                "until max_wait has passed, and not before, whatever polls say": (*DEADLINES, FAILS_TO_THE_DEADLINE, NO_TIME),
                "pauses grow, are capped and differ": LONG,
            },
        ),
    ),
    hints=(
        "Which statuses are ends? Write them down as a set first. Then: what is the longest that your loop could take?",
        "Keep two numbers: the moment at which max_wait is over (`time.monotonic() + max_wait`) and the pause, which begins at 1 s, doubles"
        " after each poll and stops growing at 8 s. Sleep the pause times a random factor. Catch the errors that may pass around "
        "`retrieve` alone.",
        "pause, deadline = 1.0, time.monotonic() + max_wait\n"
        "while True:\n"
        "    try: run = client.beta.threads.runs.retrieve(run_id, thread_id=thread_id)\n"
        "    except (openai.InternalServerError, openai.RateLimitError): run = None\n"
        "    ... return the run if its status is an end ...\n"
        "    if time.monotonic() >= deadline: ... cancel the run, raise RunTimeout ...\n"
        "    time.sleep(pause * random.uniform(0.75, 1.25)); pause = min(2 * pause, 8.0)",
    ),
)

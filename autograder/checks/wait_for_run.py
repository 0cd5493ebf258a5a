"""Exercise `wait-for-run`: polling with pauses that grow, are capped and jittered, a deadline, and nerves for a bad moment."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from openai import OpenAI

from autograder.behaviours import Behaviour, Exercise, Found, Occasion, Part, Scene, unwritten
from autograder.checks.seen import short
from threadlab.engine.journal import Entry
from threadlab.engine.lifecycle import TERMINAL
from threadlab.host import LATENCY
from threadlab.trial import CLIENT, Evidence, World

CAP = 10.0
"""Seconds that no pause may exceed."""
SLACK = 1.0
"""Seconds allowed for the requests themselves, where a moment in time is judged."""
ENDS = {*TERMINAL, "requires_action"}

_QUICK = {**CLIENT, "max_retries": 0}
"""A client that repeats nothing by itself, so that every poll in the journal is the learner's."""


def _running(client: OpenAI) -> dict[str, Any]:
    thread = client.beta.threads.create(messages=[{"role": "user", "content": "What is the capital of Portugal?"}])
    assistant = client.beta.assistants.create(model="gpt-4o", instructions="Answer in one sentence.")
    run = client.beta.threads.runs.create(thread.id, assistant_id=assistant.id)
    return {"thread_id": thread.id, "run_id": run.id}


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
    return [_QUICK, given["thread_id"], given["run_id"]]


# ---- what the journal shows -------------------------------------------------------------------------------------------------------------


def _asks(evidence: Evidence) -> list[Entry]:
    return [entry for entry in evidence.journal if entry.what == "sent"]


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


def _ended(evidence: Evidence) -> Entry | None:
    """When the run ended by itself, or began to wait for tool outputs."""
    return next((entry for entry in evidence.journal if entry.what == "run" and entry.state in ENDS), None)


def _most(evidence: Evidence) -> float:
    return 60.0 if evidence.given.get("default") else 30.0


def returns_at_every_end(evidence: Evidence) -> Found:
    run = evidence.run(evidence.given["run_id"])
    value = evidence.value
    status = run.status if run is not None else "gone"
    if not _asks(evidence):
        return Occasion.NONE
    if not isinstance(value, dict) or value.get("$") != "Run":
        return f"the run was {status}, and it returned {short(value)}, not a Run."
    if value.get("id") != evidence.given["run_id"]:
        return "it returned another run than the one whose id was given."
    if value.get("status") not in ENDS:
        return (
            f"it returned the run while it was {value.get('status')}: that is not an end. (Misconception: everything but queued is over.)"
        )
    return None


def starts_at_one_second(evidence: Evidence) -> Found:
    found = pauses(evidence)
    if not found:
        return Occasion.NONE
    if 0.499 <= found[0] <= 2.001:
        return None
    what = "a tight loop" if found[0] < 0.5 else "too slow for the runs that take two seconds"
    return f"the first pause was {found[0]:.2f} s, {what}; begin at about 1 s. The pauses: {_listed(found)}."


def pauses_grow(evidence: Evidence) -> Found:
    found = pauses(evidence)
    if not found:
        return Occasion.NONE
    later = found[4:] or found[-1:]
    average = sum(later) / len(later)
    if average >= 3.0 and average >= 1.5 * found[0]:
        return None
    return (
        f"the run took {evidence.seconds:.0f} s, and the pauses did not grow: from the fifth on they were {average:.2f} s on average. "
        f"The pauses: {_listed(found)}. (Misconception: a constant interval is enough.)"
    )


def pauses_are_capped(evidence: Evidence) -> Found:
    found = pauses(evidence)
    if len(found) < 2 or max(found) < 1.5 * found[0]:
        return Occasion.NONE
    if max(found) <= CAP + 0.001:
        return None
    return f"a pause lasted {max(found):.2f} s: without a cap a run is noticed long after its end. The pauses: {_listed(found)}."


def jittered(evidence: Evidence) -> Found:
    return None if len(pauses(evidence)) >= 2 else Occasion.NONE


def differ(several: Sequence[Evidence]) -> Found:
    """Two waits that began alike must not go on alike."""
    plans = [pauses(evidence)[:6] for evidence in several]
    if min(map(len, plans)) < 2:
        return Occasion.NONE
    if any(abs(a - b) > 0.01 for one, other in pairwise(plans) for a, b in zip(one, other, strict=False)):
        return None
    return (
        f"three waits for runs alike paused alike: {_listed(plans[0])}. A hundred workers that start together would poll together; "
        "make every pause a little shorter or longer by chance."
    )


def overshoots_at_most_one_pause(evidence: Evidence) -> Found:
    if not _asks(evidence):
        return Occasion.NONE
    if evidence.ending.how == "halted":
        return f"there was no end to it: it {evidence.ending.message}."
    waited = evidence.seconds
    if evidence.given.get("stuck"):
        most = _most(evidence)
        if waited > most + CAP + SLACK:
            return f"max_wait was {most:g} s and it went on for {waited:.1f} s. Measure the time that has passed; do not count the polls."
        if waited < most - CAP - SLACK:
            return f"max_wait was {most:g} s and it gave up after {waited:.1f} s already."
        return None
    ended = _ended(evidence)
    if ended is None:
        return Occasion.NONE
    if evidence.end - ended.at > CAP + SLACK:
        return f"the end was noticed more than one pause late: {evidence.line(ended)}, and it came back at {waited:.1f} s."
    return None


def nothing_after_the_end(evidence: Evidence) -> Found:
    told = next((one for one in evidence.requests("getRun", ok=True) if one.detail.get("status") in ENDS), None)
    if told is None:
        return Occasion.NONE
    after = [entry for entry in _asks(evidence) if entry.n > told.n]
    if not after:
        return None
    return f"{evidence.line(told)} had said that the run was {told.detail['status']}, and after it came {evidence.line(after[0])}."


def survives_errors(evidence: Evidence) -> Found:
    failed = evidence.requests("getRun", ok=False)
    if not failed:
        return Occasion.NONE
    if evidence.ending.how == "raised":
        return (
            f"{evidence.line(failed[-1])} ended the wait with {evidence.ending.type}: the service had a bad moment, "
            "and the run was going on. Pause, and ask again."
        )
    if evidence.ending.how == "halted":
        return f"after {evidence.line(failed[-1])} it {evidence.ending.message}."
    value = evidence.value
    if isinstance(value, dict) and value.get("status") == "completed":
        return None
    return f"after {evidence.line(failed[-1])} it returned {short(value)}, not the completed run."


def cancels_at_the_deadline(evidence: Evidence) -> Found:
    cancels = [one for one in evidence.requests("cancelRun", ok=True) if one.run_id == evidence.given["run_id"]]
    most = _most(evidence)
    if cancels:
        early = cancels[0].at - evidence.start
        return (
            None
            if early >= most - CAP - SLACK
            else f"max_wait was {most:g} s, and it cancelled the run early: {evidence.line(cancels[0])}."
        )
    if evidence.ending.how == "halted":
        return f"there was no deadline: it {evidence.ending.message}."
    if len(_asks(evidence)) < 2 or unwritten(evidence):
        return Occasion.NONE
    return f"after {evidence.seconds:.0f} s it gave the run up without cancelling it: it goes on, costs, and keeps the thread locked."


def raises_run_timeout(evidence: Evidence) -> Found:
    ending, run_id = evidence.ending, evidence.given["run_id"]
    if ending.how == "halted":
        return f"there was no deadline: it {ending.message}."
    if ending.how == "returned":
        return f"max_wait had passed, and it returned {short(evidence.value)} as if all were well." if _asks(evidence) else Occasion.NONE
    if ending.type != "RunTimeout":
        return f"it raised {ending.type} ({ending.message}); the given RunTimeout was wanted."
    if run_id not in ending.message:
        return f"RunTimeout says {ending.message!r}; whoever reads that in a log needs the run's id, {run_id}."
    return None if _asks(evidence) else Occasion.NONE


def _marked(**marks: bool) -> Callable[[OpenAI], dict[str, Any]]:
    return lambda client: {**_running(client), **marks}


def _long(seed: int) -> Callable[[], World]:
    return lambda: World(_running, before="slow:100", seed=seed)


LONG = ("long", "long, another day", "long, a third day")
EVERY_END = ("completed", "failed", "incomplete", "expired", "cancelled", "requires_action")
DEADLINES = ("stuck", "stuck, no max_wait given")

EXERCISE = Exercise(
    slug="wait-for-run",
    lesson="03",
    title="Wait for a run",
    minutes=35,
    parts=(
        Part(
            "wait_for_run",
            (
                Behaviour(
                    "returns_at_every_end",
                    3,
                    "The run is returned at each of the five terminal statuses and at `requires_action`, and not before.",
                    returns_at_every_end,
                    EVERY_END,
                ),
                Behaviour("starts_at_one_second", 1, "The first pause is about 1 s.", starts_at_one_second, LONG, any_ending=True),
                Behaviour("pauses_grow", 2, "The pauses grow.", pauses_grow, LONG),
                Behaviour("pauses_are_capped", 1, "No pause is longer than 10 s.", pauses_are_capped, LONG, any_ending=True),
                Behaviour("jittered", 2, "Two waits do not pause at the same moments.", jittered, LONG, differ, any_ending=True),
                Behaviour(
                    "overshoots_at_most_one_pause",
                    1,
                    "The end of a run, and the deadline, are noticed at most one pause late.",
                    overshoots_at_most_one_pause,
                    (*LONG, *EVERY_END, *DEADLINES),
                    any_ending=True,
                ),
                Behaviour(
                    "nothing_after_the_end", 1, "Once a reply has shown the end, nothing more is asked.", nothing_after_the_end, EVERY_END
                ),
                Behaviour(
                    "survives_errors",
                    2,
                    "A 500, a 503 or a 429 while polling does not end the wait.",
                    survives_errors,
                    ("bad moments",),
                    any_ending=True,
                ),
                Behaviour(
                    "cancels_at_the_deadline",
                    2,
                    "When max_wait has passed, the run is cancelled.",
                    cancels_at_the_deadline,
                    DEADLINES,
                    any_ending=True,
                ),
                Behaviour(
                    "raises_run_timeout",
                    1,
                    "Then RunTimeout is raised, and it names the run.",
                    raises_run_timeout,
                    DEADLINES,
                    any_ending=True,
                ),
            ),
            (
                *(Scene(name, _long(seed), _args, kwargs={"max_wait": 300.0}) for seed, name in enumerate(LONG)),
                Scene("completed", lambda: World(_running), _args),
                Scene("failed", lambda: World(_running, before="run_failed"), _args),
                Scene("incomplete", lambda: World(_running, before="run_incomplete"), _args),
                Scene("expired", lambda: World(_running, before="run_expired"), _args),
                Scene("cancelled", lambda: World(_cancelled, before="cancel_slow:6"), _args),
                Scene("requires_action", lambda: World(_asking), _args),
                Scene(
                    "bad moments",
                    lambda: World(_running, before="slow:40", scenario="500@getRun#2-3 429:2@getRun#5 503@getRun#6"),
                    _args,
                    kwargs={"max_wait": 300.0},
                ),
                Scene("stuck", lambda: World(_marked(stuck=True), before="stuck"), _args, kwargs={"max_wait": 30.0}),
                Scene("stuck, no max_wait given", lambda: World(_marked(stuck=True, default=True), before="stuck"), _args),
            ),
        ),
    ),
    hints=(
        "Which statuses are ends? Write them down as a set first. Then: what is the longest that your loop could possibly take?",
        "Keep two numbers: the moment at which max_wait is over (`time.monotonic() + max_wait`) and the pause, which begins at 1 s, doubles"
        " after each poll and stops growing at 8 s. Sleep the pause times a random factor. Catch the errors that a retry can mend around "
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

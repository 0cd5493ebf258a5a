"""How things stand in `retention-job`: the desk's rows, the threads they are about, and what goes wrong."""

from collections.abc import Callable
from typing import Any

from openai import OpenAI
from openai.types.beta import FunctionToolParam

from courseware.tables import DB
from threadlab.trials.host import Limits
from threadlab.trials.trial import CLIENT, World

NOW = 1_800_000_000
"""The `now` that is given, some months after the time at which the service believes itself to be."""
DAY = 86_400
KEEP_DAYS = 30

QUIET = {
    "due": (200, 45),
    "due too": (60, 30.1),
    "in use": (200, 2),
    "new": (1, 1),
    "almost due": (90, 29.9),
    "kept longer": (90, 35),
    "held": (300, 100),
    "busy": (80, 50),
    "gone": (70, 40),
    "removed": (120, 60),
}
"""For each sort of thread: how many days ago it was created, and last used."""


def desk_of(*sorts: str) -> Callable[[OpenAI], dict[str, Any]]:
    """A setup with one thread of each of these sorts, and the rows that the application has about them.

    After the first, two and two are one user's.
    """

    def setup(client: OpenAI) -> dict[str, Any]:
        rows, ids = [], {}
        for number, sort in enumerate(sorts):
            kind = sort.partition(" #")[0]
            user_id = f"user-{(number + 1) // 2}"  # what is true of one thread of a user need not be true of another
            created, used = QUIET[kind]
            thread = client.beta.threads.create(
                messages=[{"role": "user", "content": "What is the capital of Portugal?"}], metadata={"user_id": user_id}
            )
            if kind in ("gone", "removed"):
                client.beta.threads.delete(thread.id)
            ids[sort] = thread.id
            rows.append(
                {
                    "thread_id": thread.id,
                    "user_id": user_id,
                    "created_at": NOW - int(created * DAY),
                    "last_used_at": NOW - int(used * DAY),
                    "held": kind == "held",
                    "deleted_at": NOW - 10 * DAY if kind == "removed" else None,
                }
            )
        audit = [{"thread_id": ids[sort], "action": "deleted", "at": NOW - 10 * DAY} for sort in sorts if sort == "removed"]
        return {"rows": rows, "audit": audit, "ids": ids}

    return setup


ENDED = ("due #completed", "due #failed", "due #expired", "due #incomplete", "due #cancelled")
RUNS = (*ENDED, "busy #in_progress", "busy #queued", "busy #requires_action", "busy #cancelling", "in use")
RUNNING = (
    "run_failed@createRun#2 run_expired@createRun#3 run_incomplete@createRun#4 delay:10@getThread stuck@createRun#7 "
    "stuck_queued@createRun#8 stuck@createRun#10 cancel_slow:900@cancelRun#2"
)
"""What becomes of the runs that the setup starts."""


def with_runs() -> World:
    """A thread for each end that a run may have, and for each status of one that is under way; one of these has an older run, too."""
    desk = desk_of(*RUNS)
    tool: FunctionToolParam = {"type": "function", "function": {"name": "look_up", "parameters": {"type": "object", "properties": {}}}}

    def setup(client: OpenAI) -> dict[str, Any]:
        given = desk(client)
        threads, (*ended, working, queued, asking, cancelling, _) = client.beta.threads, given["ids"].values()
        assistant_id = client.beta.assistants.create(model="gpt-4o").id
        for thread_id in (*ended, working):
            run = threads.runs.create(thread_id, assistant_id=assistant_id)
            if thread_id == ended[-1]:
                threads.runs.cancel(run.id, thread_id=thread_id)
        threads.retrieve(working)  # which takes so long that these end
        for thread_id in (working, queued):
            threads.runs.create(thread_id, assistant_id=assistant_id)
        threads.runs.create(asking, assistant_id=assistant_id, tools=[tool], tool_choice="required")
        run = threads.runs.create(cancelling, assistant_id=assistant_id)
        threads.runs.cancel(run.id, thread_id=cancelling)
        return given

    return World(setup, before=RUNNING, later=10.0)


def runs_unreadable() -> World:
    """A thread whose run is under way, and two that are due; how the first one's runs are cannot be read, three times."""
    desk = desk_of("busy", "due", "due too")

    def setup(client: OpenAI) -> dict[str, Any]:
        given = desk(client)
        assistant_id = client.beta.assistants.create(model="gpt-4o").id
        client.beta.threads.runs.create(given["ids"]["busy"], assistant_id=assistant_id)
        return {**given, "unreadable": True}

    return World(setup, before="stuck", scenario="500@listRuns#1-3", later=10.0)


def args(given: dict[str, Any]) -> list[Any]:
    tables = {"kept_threads": given["rows"]} | ({"cleanup_audit": given["audit"]} if given["audit"] else {})
    return [CLIENT, {**DB, "rows": tables}, NOW]


def again(given: dict[str, Any]) -> list[Any]:
    """Twice in one process, and once in another."""
    return [[args(given), args(given)], [args(given)]]


def dry_then_real(given: dict[str, Any]) -> list[Any]:
    """In one process, with the same session: a dry run that keeps threads for longer, then a real run."""
    return [[{"args": args(given), "kwargs": {"dry_run": True, "keep_days": 40}}, args(given)]]


def night_after_night(given: dict[str, Any]) -> list[Any]:
    """Four times in one process: whoever tries everything once has come through the failures of `LATER` by then."""
    return [[args(given)] * 4]


LATER = "500@listRuns#1-3 500@deleteThread#1-3"


def world(*sorts: str, scenario: str | None = None) -> Callable[[], World]:
    return lambda: World(desk_of(*sorts), scenario=scenario)


def all_fail(faults: str) -> Callable[[], World]:
    """No deletion is carried out, or no look at the runs: whoever tries until it works never ends."""
    five = desk_of(*(f"due #{number}" for number in range(1, 6)))
    return lambda: World(five, scenario=faults, limits=Limits(requests=400))


KEEP = {"keep_days": KEEP_DAYS}
EVERYTHING = ("in use", "due", "new", "removed", "due too", "almost due")

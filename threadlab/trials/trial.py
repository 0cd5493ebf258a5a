"""Run a learner's function against a fresh service under virtual time, and get the evidence.

    evidence = trial(ask, CLIENT, thread_id, "Hello", world=world)
    evidence.value, evidence.journal.requests("createRun"), evidence.ending.how

Works from a script, from pytest and from a notebook whose event loop is running. Nothing here says what is right: that is a check's job.
"""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from threadlab.engine import Engine, Entry, Journal
from threadlab.engine.faults import Scenario, parse
from threadlab.engine.journal import DatabaseChanged, Executed, Tables
from threadlab.engine.routes import OPERATIONS
from threadlab.responders import Responder
from threadlab.responders.scripted import Scripted
from threadlab.service.in_process import Service
from threadlab.store.memory import MemoryStore
from threadlab.store.protocol import Query
from threadlab.trials.guest import messages as m
from threadlab.trials.guest.messages import ASYNC_CLIENT, CLIENT, ON_TEXT, Ending, Spec
from threadlab.trials.host import Choice, Host, Limits
from threadlab.virtual_time.clock import VirtualClock
from threadlab.wire.assistants import Message, Run, RunStep, Thread

if TYPE_CHECKING:
    from openai import OpenAI

__all__ = ["ASYNC_CLIENT", "CLIENT", "ON_TEXT", "Evidence", "Guest", "Spec", "World", "in_process", "run_trial", "trial"]

SALT: ContextVar[int] = ContextVar("salt", default=0)
"""Mixed into the ids of worlds that are made while it is set, so that ids seen elsewhere fit nowhere. With 0 they repeat."""

MOST_TURNS = 2_000_000
"""How often code may go round its loops in one trial, where it cannot be interrupted."""

KEY = "sk-threadlab-trial"
PROJECT = "trial"

Guest: TypeAlias = Callable[[Spec, Callable[[m.Said], m.Told]], Ending]
"""Runs the guest side of a trial: here, or in another process."""


class World:
    """How things stand before a trial begins: a store that every trial starts from, and what goes wrong from then on.

    `setup(client)` may create threads, messages and assistants with an ordinary client; what it returns is kept as `given`. `scenario` is
    a string as in `threadlab.engine.faults`. `before` is one that holds for the setup alone (without it nothing goes wrong there): it
    settles the fate of a run that is under way when the trial begins. `later`: seconds that go by between the setup and the trial.
    """

    disk = False
    """Whether the program has files that outlive its process. Without, an id that a later process was not told ends the trial."""

    def __init__(
        self,
        setup: Callable[[OpenAI], Any] | None = None,
        *,
        scenario: str | None = None,
        before: str | None = None,
        seed: int = 0,
        responder: Responder | None = None,
        limits: Limits | None = None,
        later: float = 0.0,
    ) -> None:
        self.scenario: Scenario = parse(scenario, OPERATIONS)
        self.seed, self.limits = seed, limits or Limits()
        self._salt = SALT.get()
        self.responder = responder or Scripted()
        clock = VirtualClock()
        # The SDK's remark on every call that the API is deprecated is the course's subject, not news.
        with (
            warnings.catch_warnings(),
            Service(clock=clock, seed=_mixed(seed), keys={KEY: PROJECT}, responder=self.responder, scenario=before) as service,
        ):
            warnings.simplefilter("ignore", DeprecationWarning)
            self.given: Any = setup(service.client()) if setup is not None else None
            assert isinstance(service.engine.store, MemoryStore)
            self._store = service.engine.store
        self.start = clock.now() + later

    def engine(self) -> Engine:
        """A fresh engine over a copy of the prepared store."""
        seed = ("trial", self.seed, self._salt) if self._salt else ("trial", self.seed)
        return Engine(self._store.clone(), self.responder, keys={KEY: PROJECT}, seed=seed, scenario=self.scenario)


def _mixed(seed: int) -> int:
    salt = SALT.get()
    return seed if not salt else (seed + salt) % 2**63


class Evidence:
    """What a trial showed: the journal with its witness events, how the code ended, and which order it was."""

    def __init__(self, journal: Journal, ending: Ending, host: Host, world: World, kill_at: int | None = None) -> None:
        self.journal, self.ending = journal, ending
        self.kill_at = kill_at if host.killed else None
        self._store = host.engine.store
        self.choices: tuple[Choice, ...] = tuple(host.choices)
        self.in_flight: tuple[str, ...] = tuple(host.in_flight)
        """Requests that were sent and had not been delivered when the function ended."""
        self.points, self.killed, self.killed_when = tuple(host.points), host.killed, host.killed_when
        self.start, self.end = world.start, host.now
        self.scenario = str(world.scenario)
        self.seed = world.seed
        self.given: Any = world.given

    def messages(self, thread_id: str) -> list[Message]:
        """The messages that the service has on a thread at the end, oldest first."""
        rows = self._store.page(Query("thread.message", PROJECT, thread_id, limit=1_000_000))
        return [row.body for row in rows if isinstance(row.body, Message)]

    def thread(self, thread_id: str) -> Thread | None:
        """A thread as the service has it at the end."""
        row = self._store.get(thread_id)
        return row.body if row is not None and isinstance(row.body, Thread) else None

    def runs(self, thread_id: str) -> list[Run]:
        """The runs that the service has on a thread at the end, oldest first."""
        rows = self._store.page(Query("thread.run", PROJECT, thread_id, limit=1_000_000))
        return [row.body for row in rows if isinstance(row.body, Run)]

    def run(self, run_id: str) -> Run | None:
        """A run as the service has it at the end."""
        row = self._store.get(run_id)
        return row.body if row is not None and isinstance(row.body, Run) else None

    def run_steps(self, run_id: str) -> list[RunStep]:
        """The steps of a run as the service has them at the end, oldest first."""
        rows = self._store.page(Query("thread.run.step", PROJECT, run_id, limit=1_000_000))
        return [row.body for row in rows if isinstance(row.body, RunStep)]

    def kept(self, object_id: str) -> Any:
        """Any object as the service has it at the end (a response, a conversation, …), or None."""
        row = self._store.get(object_id)
        return None if row is None else row.body

    def below(self, kind: str, parent: str = "") -> list[Any]:
        """The objects of one kind that the service has at the end, oldest first: `conversation.item` below a conversation, `response`
        below one, `thread.run.step` below a run, `conversation` below nothing."""
        return [row.body for row in self._store.page(Query(kind, PROJECT, parent, limit=1_000_000))]

    @property
    def tables(self) -> Tables:
        """The database at the end, as far as it was committed: rows by the name of their table. Tables without rows are not in it."""
        changes = self.database_changes()
        return changes[-1].tables if changes else {}

    def database_changes(self) -> list[DatabaseChanged]:
        """What was committed to the database, oldest first."""
        return [entry for entry in self.journal if isinstance(entry, DatabaseChanged)]

    @property
    def value(self) -> Any:
        """What the function returned, as plain data (SDK objects as dictionaries with their type under `$`)."""
        return self.ending.value

    @property
    def returned(self) -> bool:
        return self.ending.how == "returned"

    @property
    def order(self) -> tuple[int, ...]:
        """The choices that lead here; hand them back as `choices` to see the same again."""
        return tuple(choice.taken for choice in self.choices)

    @property
    def seconds(self) -> float:
        """How long it took, in virtual seconds."""
        return self.end - self.start

    def requests(self, operation: str | None = None, *, ok: bool | None = None, thread_id: str | None = None) -> list[Executed]:
        return self.journal.requests(operation, ok=ok, thread_id=thread_id)

    def line(self, entry: Entry) -> str:
        """A journal line as a sentence can cite it."""
        return entry.line(self.start)

    def steps(self) -> str:
        """The order in words: what was let through at each point where there was a choice, or when the program was killed."""
        if self.killed:
            return self.killed_when
        return " → ".join(choice.options[choice.taken] for choice in self.choices) or "the only order"

    def text(self) -> str:
        """The journal, a line an entry, times counted from the beginning of the trial."""
        return "\n".join(entry.line(self.start) for entry in self.journal)


def run_trial(
    guest: Guest,
    spec: Spec,
    world: World,
    *,
    choose: Callable[[tuple[str, ...]], int] | None = None,
    kill_at: int | None = None,
    restart: bool = False,
) -> Evidence:
    """One trial of `spec` in `world`. `choose` decides among what could happen next (default: the oldest request first).

    At point `kill_at` the program is killed: from then on the host answers nothing, and the database is put back to what was committed at
    that moment, whatever a `finally:` still writes. With `restart` the program is then started again, a new process in the same world.
    """
    engine = world.engine()
    host = Host(engine, world.start, choose or (lambda options: 0), world.limits, kill_at, spec, disk=world.disk)
    ready = msgspec.structs.replace(spec, start=world.start, api_key=KEY, seed=world.seed)
    try:
        ending = _run_processes(guest, ready, host)
        if restart and host.killed and ending.how == "halted":
            host.restart()
            again = msgspec.structs.replace(ready, start=host.now, attempt=2, number=host.last_number)
            ending = _run_processes(guest, again, host)
        return Evidence(engine.journal, ending, host, world, kill_at)
    finally:
        host.close()


def _run_processes(guest: Guest, spec: Spec, host: Host) -> Ending:
    """Run the guest: once, or with the driver `processes` once for each list of calls in `args`, each in a process of its own."""
    if spec.driver != "processes":
        return _in_one_process(guest, spec, host)
    returned: list[Any] = []
    ending = Ending("returned", returned)
    for number, calls in enumerate(spec.args):
        if number:
            host.next_process()
        one = msgspec.structs.replace(
            spec, args=calls, driver="calls", start=host.now, number=host.last_number, attempt=spec.attempt + number
        )
        ending = _in_one_process(guest, one, host)
        if ending.how != "returned":
            return ending
        returned.append(ending.value)
    return msgspec.structs.replace(ending, value=returned)


def _in_one_process(guest: Guest, spec: Spec, host: Host) -> Ending:
    ending = guest(spec, host.ask)
    remembered = host.untold(ending.value)
    return ending if remembered is None else Ending("halted", message=remembered)


def in_process(namespace: dict[str, Any], *, context: Sequence[str] = (), patience: float | None = 20.0, alone: bool = False) -> Guest:
    """A guest in this process, whose answer finds `namespace` around it.

    `context` are the cells that defined what the answer uses: their functions and classes are defined afresh for each trial and each
    process in it, and data is copied, so nothing is remembered that the end of a process would have taken away.
    `patience`: seconds of processor time that a trial may use before it is stopped (main thread only; None: any).
    `alone`: let nothing that a trial leaves outside of the namespace (files, the environment, data in modules) be there for the next.
    """

    def guest(spec: Spec, ask: Callable[[m.Said], m.Told]) -> Ending:
        from threadlab.trials.guest.answer import surroundings
        from threadlab.trials.guest.apart import apart
        from threadlab.trials.guest.run import run

        with _watchdog(patience), apart(namespace) if alone else contextlib.nullcontext():
            return run(spec, surroundings(namespace, context), ask)

    return guest


@contextlib.contextmanager
def _watchdog(seconds: float | None) -> Iterator[None]:
    """Interrupt code that computes without an end, where the system can (POSIX, main thread). Other programs do not count.

    In a browser nothing can interrupt: there, the turns of its loops are counted.
    """
    if seconds is not None and sys.platform == "emscripten":
        from threadlab.trials.guest.link import TrialHalted
        from threadlab.virtual_time import steps

        turns = steps.Turns(MOST_TURNS, lambda: TrialHalted(f"went round its loops {MOST_TURNS:,} times without an end"))
        with steps.counted(turns):
            yield
        return
    if seconds is None or not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return
    from threadlab.trials.guest.link import TrialHalted

    def ring(*_: object) -> None:
        raise TrialHalted(f"computed for {seconds:g} seconds without an end")

    before = signal.signal(signal.SIGPROF, ring)
    signal.setitimer(signal.ITIMER_PROF, seconds, 1.0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def replaying(choices: Sequence[int]) -> Callable[[tuple[str, ...]], int]:
    """A chooser that takes these choices, then always the first."""
    left = list(choices)

    def choose(options: tuple[str, ...]) -> int:
        return min(left.pop(0), len(options) - 1) if left else 0

    return choose


def trial(
    function: Callable[..., Any],
    *args: Any,
    world: World | None = None,
    choices: Sequence[int] = (),
    kill_at: int | None = None,
    **kwargs: Any,
) -> Evidence:
    """Call `function` once under virtual time. `CLIENT` and `ASYNC_CLIENT` among the arguments become clients of a fresh service.

    Other arguments are handed over as they are; they must be plain values. `choices` replays an order.
    """
    name = getattr(function, "__name__", "function")
    spec = Spec(name, list(args), kwargs)
    return run_trial(in_process({name: function}), spec, world or World(), choose=replaying(choices), kill_at=kill_at)

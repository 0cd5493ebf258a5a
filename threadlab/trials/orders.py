"""A test body in every delivery order: what `@pytest.mark.orders` runs. Knows nothing of pytest.

    found = run_orders(body, bound=200, seed=0)
    found.failure, found.coverage(), found.trials

The body is called once an order, each time with a fresh service on virtual time. What it raises is kept as it was raised. An order is told
by its choices, and a failure that was drawn at random is shortened before anybody sees it.
"""

from __future__ import annotations

import inspect
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from threadlab.engine import Engine, Journal
from threadlab.errors import ThreadlabError
from threadlab.service.in_process import AZURE, BASE_URL
from threadlab.trials.explore import BOUND, Exploration, explore_with
from threadlab.trials.guest.link import TrialHalted
from threadlab.trials.guest.messages import Spec
from threadlab.trials.timeline import Timeline
from threadlab.trials.trial import KEY, Evidence, World, in_process, replaying, run_trial

if TYPE_CHECKING:
    from openai import AsyncAzureOpenAI, AsyncOpenAI, AzureOpenAI, OpenAI

SHRINKS = 200
"""Trials that shortening a failing order may take at most."""
SHOWN = 60
"""Lines of a failing order's timeline that are shown: the last ones."""
_ENTRY = "body"


class Replay(msgspec.Struct, frozen=True):
    """One order, and at which point in it the program is killed, if it is. `str()` is what `parse` reads."""

    order: tuple[int, ...] = ()
    kill_at: int | None = None

    def __str__(self) -> str:
        choices = ".".join(map(str, self.order)) or "0"
        return choices if self.kill_at is None else f"{choices}k{self.kill_at}"

    @staticmethod
    def parse(text: str) -> Replay:
        """Raises ThreadlabError for any other text."""
        choices, killed, point = text.strip().partition("k")
        try:
            order = tuple(int(one) for one in choices.split("."))
            kill_at = int(point) if killed else None
        except ValueError:
            order, kill_at = (-1,), None
        if min(order, default=0) < 0 or (kill_at or 0) < 0:
            raise ThreadlabError(f"{text!r} is not an order: it looks like 0.1.0, or 0.1k7 for one that is killed at its point 7.")
        return Replay(order, kill_at)


class Orders:
    """What a test body is given: a fresh service for each order, and clients of it.

    Clients that the body makes itself (`OpenAI()`, `httpx2.Client()`, `httpx.Client()`, asynchronous ones too) end at the same service,
    whatever address they ask: during an order nothing reaches the network.
    """

    base_url = BASE_URL
    api_key = KEY

    def __init__(self, world: _World) -> None:
        self._world = world
        self._folder: Path | None = None
        self.attempt = 0
        """1 in a program's first life, 2 when it was killed and started again."""

    @property
    def journal(self) -> Journal:
        """Everything that the service saw and did in this order so far."""
        assert self._world.last is not None
        return self._world.last.journal

    @property
    def folder(self) -> Path:
        """An empty folder of this order's own. It survives a kill, as a disk does."""
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="orders-"))
        return self._folder

    def client(self, **options: Any) -> OpenAI:
        """A synchronous client. Its requests are carried out where they are made, so they add no orders: good for looking at the end."""
        from openai import OpenAI

        return OpenAI(**{"api_key": KEY, "base_url": self.base_url, **options})

    def async_client(self, **options: Any) -> AsyncOpenAI:
        """An asynchronous client, whose requests can overtake each other."""
        from openai import AsyncOpenAI

        return AsyncOpenAI(**{"api_key": KEY, "base_url": self.base_url, **options})

    def azure_client(self, **options: Any) -> AzureOpenAI:
        from openai import AzureOpenAI

        return AzureOpenAI(**{"api_key": KEY, **AZURE, **options})

    def async_azure_client(self, **options: Any) -> AsyncAzureOpenAI:
        from openai import AsyncAzureOpenAI

        return AsyncAzureOpenAI(**{"api_key": KEY, **AZURE, **options})

    def begin(self) -> None:
        """Another order begins: nothing is left of the one before."""
        self.attempt = 0
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None


class _World(World):
    """A world that remembers the engine of the order that is under way."""

    disk = True  # the folder
    last: Engine | None = None

    def engine(self) -> Engine:
        self.last = super().engine()
        return self.last


class Failure(msgspec.Struct, frozen=True):
    """An order in which the body failed."""

    evidence: Evidence
    error: BaseException | None
    """What the body raised; None if it was stopped because it went on without an end."""
    departures: int
    """How often the order in which it was seen first departs from the plain one: more often than this one where it could be shortened."""
    asked: bool = False
    """Whether this order was asked for, and no other was tried."""

    @property
    def replay(self) -> Replay:
        order = self.evidence.order
        while order and order[-1] == 0:
            order = order[:-1]
        return Replay(order, self.evidence.kill_at)

    def reason(self) -> str:
        """What is wrong, in a sentence, for a body that raised nothing."""
        return f"The body {self.evidence.ending.message or 'did not end'}."

    def text(self, command: str = "") -> str:
        """The order in words, the line that replays it, and what happened, as a table."""
        departures = [f"  {number}. {line}" for number, line in enumerate(self._steps(), 1)]
        lines = ["The order that was asked for:" if self.asked else "The shortest order that fails:", *departures]
        if self.departures > _departures(self.evidence):
            lines.append(f"(It was seen first in an order with {self.departures} departures from the plain one, and shortened.)")
        if command:
            lines += ["", "To see it again:", f"  {command} --orders-replay {self.replay}"]
        table = Timeline(self.evidence).text().splitlines()
        if len(table) > SHOWN + 2:
            table = [*table[:2], f"… {len(table) - 2 - SHOWN} lines before these", *table[-SHOWN:]]
        return "\n".join([*lines, "", *table])

    def _steps(self) -> list[str]:
        steps = [
            f"{choice.options[choice.taken]}, before {' and '.join(choice.options[: choice.taken])}" if choice.taken else choice.options[0]
            for choice in self.evidence.choices
        ]
        while steps and not self.evidence.choices[len(steps) - 1].taken:
            steps.pop()
        if self.evidence.killed:
            steps.append(f"the program is {self.evidence.killed_when}, and started again")
        return steps or ["the plain one: the oldest request first"]


class Found(msgspec.Struct, frozen=True):
    """What came of a body's orders."""

    exploration: Exploration
    failure: Failure | None
    kills: int
    """How many orders with a kill were tried."""
    points: int
    """How many there are in the orders that were tried without one."""

    def coverage(self) -> str:
        """How much was seen, as a sentence."""
        orders = self.exploration
        if self.failure is not None and self.kills:
            return f"it failed at kill {self.kills} of {self.points} in the orders that were tried: {orders.coverage()}"
        if self.failure is not None:
            return f"it failed in order {len(orders)} of those that were tried; the rest were not"
        if orders.complete and len(orders) == 1 and not orders.orders[0].choices:
            result = (
                "1 order: no two requests were in flight at once, so at this granularity nothing can be reordered "
                "(threads, and code between two awaits, are not)"
            )
        else:
            result = orders.coverage()
        if not self.points:
            return result
        return f"{result}; {'all ' if self.kills == self.points else ''}{self.kills} of {self.points} kills in them"


def run_orders(
    body: Callable[[Orders], Any],
    *,
    bound: int = BOUND,
    seed: int = 0,
    kills: bool = False,
    scenario: str | None = None,
    replay: Replay | None = None,
) -> Found:
    """Call `body` once in every order, `bound` of them at most, until it fails.

    `kills`: then also with a kill at every point of those orders, `bound` times at most; the body is called again after it, with the same
    service and folder. `replay`: in this one order alone.

    Raises ThreadlabError for a scenario that is not understood.
    """
    world = _World(scenario=scenario, seed=seed)
    orders = Orders(world)
    trials = _Trials(body, world, orders)
    try:
        if replay is not None:
            evidence = trials.run(replay)
            failure = Failure(evidence, trials.error, 0, asked=True) if trials.failed(evidence) else None
            return Found(Exploration([evidence], False, seed), failure, 0, 0)
        explored = explore_with(trials.guest, trials.spec, world, bound=bound, seed=seed, enough=trials.failed)
        if explored.orders and trials.failed(explored.orders[-1]):
            return Found(explored, trials.shortened(explored.orders[-1]), 0, 0)
        points = [(one.order, point) for one in explored.orders for point in range(len(one.points))] if kills else []
        for count, (order, point) in enumerate(points[:bound], 1):
            evidence = trials.run(Replay(order, point))
            if trials.failed(evidence):
                return Found(explored, trials.shortened(evidence), count, len(points))
        return Found(explored, None, min(bound, len(points)), len(points))
    finally:
        orders.begin()


class _Trials:
    """The trials of one body, in this process."""

    spec = Spec(_ENTRY)

    def __init__(self, body: Callable[[Orders], Any], world: _World, orders: Orders) -> None:
        self._body, self._world, self._orders = body, world, orders
        self.error: BaseException | None = None
        """What the body raised in the last trial."""
        self._inside = in_process({_ENTRY: self._call})

    def guest(self, spec: Spec, ask: Callable[[Any], Any]) -> Any:
        if spec.attempt == 1:
            self._orders.begin()
        self._orders.attempt = spec.attempt
        self.error = None
        return self._inside(spec, ask)

    def _call(self) -> Any:
        try:
            value = self._body(self._orders)
        except TrialHalted:
            raise
        except BaseException as error:
            self.error = error
            raise
        return self._awaited(value) if inspect.isawaitable(value) else None

    async def _awaited(self, value: Any) -> None:
        try:
            await value
        except TrialHalted:
            raise
        except BaseException as error:
            self.error = error
            raise

    def failed(self, evidence: Evidence) -> bool:
        return evidence.ending.how != "returned"

    def run(self, one: Replay) -> Evidence:
        return run_trial(
            self.guest, self.spec, self._world, choose=replaying(one.order), kill_at=one.kill_at, restart=one.kill_at is not None
        )

    def shortened(self, evidence: Evidence) -> Failure:
        """The shortest order that can be had from a failing one by taking back its departures from "oldest first", one at a time."""
        first, error = evidence, self.error
        left = SHRINKS if evidence.kill_at is None else 0  # a kill's point is counted in its own order
        candidates = _shorter(evidence.order)
        while left > 0 and (order := next(candidates, None)) is not None:
            left -= 1
            attempt = self.run(Replay(order))
            if self.failed(attempt) and _weight(attempt.order) < _weight(evidence.order):
                evidence, error, candidates = attempt, self.error, _shorter(attempt.order)
        return Failure(evidence, error, _departures(first))


def _shorter(order: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """Orders with one departure less: what overtook others waits its turn, and what came after it may have moved up by one."""
    for index in [at for at, choice in enumerate(order) if choice][::-1]:
        before, later = order[:index], order[index + 1 :]
        yield (*before, 0, *later)
        yield (*before, *(choice + 1 if choice >= order[index] else choice for choice in later))


def _weight(order: tuple[int, ...]) -> tuple[int, int]:
    return sum(map(bool, order)), len(order)


def _departures(evidence: Evidence) -> int:
    return sum(map(bool, evidence.order))

"""Every order in which the requests could have arrived, one trial each.

Orders are visited with the plain ones first: those that depart least often from "oldest request first". So the first one that fails is the
simplest to understand. Past a stated bound, orders are drawn at random with a seed, and the result says so.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from threadlab.trials.guest.messages import Spec
from threadlab.trials.host import KillPoint
from threadlab.trials.trial import Evidence, Guest, World, in_process, replaying, run_trial

BOUND = 200


class Exploration:
    """The orders that were visited, simplest first, each with its evidence."""

    def __init__(self, orders: list[Evidence], complete: bool, seed: int, *, stopped: bool = False) -> None:
        self.orders, self.complete, self.seed = orders, complete, seed
        self.stopped = stopped
        """Whether it ended early, because what was seen was enough."""

    def __len__(self) -> int:
        return len(self.orders)

    def __iter__(self) -> Iterator[Evidence]:
        return iter(self.orders)

    def first(self, fails: Callable[[Evidence], bool]) -> Evidence | None:
        """The simplest order for which `fails` is true."""
        return next((evidence for evidence in self.orders if fails(evidence)), None)

    def coverage(self) -> str:
        """How much was seen, as a sentence."""
        count = len(self.orders)
        if self.complete:
            return {1: "there is 1 order", 2: "both orders were tried"}.get(count, f"all {count} orders were tried")
        return f"{count} of more than {count} orders were tried (a sample, seed {self.seed})"


def _never(evidence: Evidence) -> bool:
    return False


def explore_with(
    guest: Guest, spec: Spec, world: World, *, bound: int = BOUND, seed: int = 0, enough: Callable[[Evidence], bool] = _never
) -> Exploration:
    """Visit every delivery order of `spec` in `world`, or `bound` of them when there are more: half the simplest, half drawn at random.

    It ends early, and incomplete, with the first evidence for which `enough` is true.
    """
    orders: list[Evidence] = []
    orders_tried: set[tuple[int, ...]] = set()
    frontier = _Frontier()
    systematic = max(1, bound // 2)
    while len(frontier) and len(orders) < bound:
        if len(orders) >= systematic and _too_many(len(frontier), bound - len(orders)):
            break
        prefix = frontier.pop()
        evidence = run_trial(guest, spec, world, choose=replaying(prefix))
        orders.append(evidence)
        orders_tried.add(evidence.order)
        if evidence.ending.how in ("missing", "broken"):
            return Exploration(orders, True, seed)
        if enough(evidence):
            return Exploration(orders, False, seed, stopped=True)
        frontier.add(evidence, len(prefix))
    if not len(frontier):
        return Exploration(orders, True, seed)
    chance = random.Random(seed)
    for _ in range(4 * bound):
        if len(orders) >= bound:
            break
        evidence = run_trial(guest, spec, world, choose=lambda options: chance.randrange(len(options)))
        if evidence.order not in orders_tried:
            orders_tried.add(evidence.order)
            orders.append(evidence)
            if enough(evidence):
                return Exploration(orders, False, seed, stopped=True)
    return Exploration(orders, False, seed)


def explore_kills(
    guest: Guest,
    spec: Spec,
    world: World,
    *,
    bound: int = BOUND,
    where: Callable[[KillPoint], bool] | None = None,
    enough: Callable[[Evidence], bool] = _never,
) -> Exploration:
    """Let `spec` run through once, then kill it at every point at which it can be killed and start it again, a trial a point.

    Points lie before and after every request, and after everything that the database took in. When there are more than `bound`, it is as
    many, evenly spread. `where` leaves only those points for which it is true. `enough` as in `explore_with`.
    """
    whole = run_trial(guest, spec, world)
    if whole.ending.how in ("missing", "broken", "halted"):  # what has no end undisturbed shows nothing more when it is killed
        return Exploration([whole], True, 0)
    if enough(whole):
        return Exploration([whole], False, 0, stopped=True)
    eligible = [point for point, one in enumerate(whole.points) if where is None or where(one)]
    step = max(1.0, len(eligible) / bound)
    points = [eligible[int(index * step)] for index in range(min(len(eligible), bound))]
    trials = [whole]
    for point in points:
        trials.append(run_trial(guest, spec, world, kill_at=point, restart=True))
        if enough(trials[-1]):
            return Exploration(trials, False, 0, stopped=True)
    return Exploration(trials, len(points) == len(whole.points), 0)


def _too_many(waiting: int, left: int) -> bool:
    return waiting > left


class _Frontier:
    """Prefixes of orders that have not been visited, simplest first: the fewest departures from "oldest first", then the shortest.

    Of each visited order only the next prefix that departs from it is made, so memory does not grow with the number of choices.
    """

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, tuple[int, ...], int, Iterator[tuple[int, ...]]]] = [(0, 0, (), -1, iter(()))]
        self._waiting = 1
        self._added = 0

    def __len__(self) -> int:
        return self._waiting

    def pop(self) -> tuple[int, ...]:
        _, _, prefix, number, more = heapq.heappop(self._heap)
        self._waiting -= 1
        self._push(number, more)
        return prefix

    def add(self, evidence: Evidence, taken: int) -> None:
        """The prefixes that differ from this order first at a choice after the `taken` ones."""
        self._added += 1
        self._waiting += sum(len(choice.options) - 1 for choice in evidence.choices[taken:])
        self._push(self._added, _forks(evidence.order, [len(choice.options) for choice in evidence.choices], taken))

    def _push(self, number: int, more: Iterator[tuple[int, ...]]) -> None:
        fork = next(more, None)
        if fork is not None:
            heapq.heappush(self._heap, (sum(1 for step in fork if step), len(fork), fork, number, more))


def _forks(order: tuple[int, ...], options: list[int], taken: int) -> Iterator[tuple[int, ...]]:
    for index in range(taken, len(order)):
        for other in range(1, options[index]):
            yield (*order[:index], other)


def explore(
    function: Callable[..., Any], *args: Any, world: World | None = None, bound: int = BOUND, seed: int = 0, **kwargs: Any
) -> Exploration:
    """Call `function` once in every delivery order. Arguments as for `threadlab.trials.trial.trial`."""
    name = getattr(function, "__name__", "function")
    return explore_with(in_process({name: function}), Spec(name, list(args), kwargs), world or World(), bound=bound, seed=seed)


def replay(function: Callable[..., Any], order: Sequence[int], *args: Any, world: World | None = None, **kwargs: Any) -> Evidence:
    """One order again: `order` is the `.order` of the evidence to be seen once more."""
    name = getattr(function, "__name__", "function")
    return run_trial(in_process({name: function}), Spec(name, list(args), kwargs), world or World(), choose=replaying(order))

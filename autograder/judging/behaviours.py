"""The words in which a check is written: scenes, behaviours, verdicts.

A *scene* says how things stand and how the answer is put to use. A *behaviour* is one thing that the journal must show, in every delivery
order of its scenes; it has a name, points, a promise to the learner, and a test that turns the evidence of one order into a failure
sentence, or into nothing. A behaviour earns its points only if every order passes and the thing it is about came up at least once, so an
answer that does nothing earns nothing.
"""

from __future__ import annotations

import ast
import contextlib
import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum
from typing import Any, TypeAlias

import msgspec

from autograder.notebooks import parsed
from courseware import catalogue
from threadlab.trials.explore import Exploration, explore_kills, explore_with
from threadlab.trials.guest.messages import Spec
from threadlab.trials.host import KillPoint
from threadlab.trials.timeline import Timeline
from threadlab.trials.trial import Evidence, Guest, World

TELLING = 10
"""Orders of a scene that are tried although all is lost in it: to say in how many of them."""
MOST_ENTRIES, MOST_ROWS = 1000, 60
"""A longer journal, or a timeline with more rows, is not drawn."""


UNJUDGED = (ArithmeticError, AttributeError, LookupError, RecursionError, StopIteration, TypeError, ValueError)
"""What a check raises on evidence that nothing honest gives: it reads what an honest guest reports."""


class Occasion(Enum):
    """What a test says when there is nothing to fault, but nothing to praise either."""

    NONE = "it did not come up"


class Sentence(str):
    """A failure sentence with a key that stays when its words change: known wrong answers name the sentence that they should get by it."""

    __slots__ = ("key",)
    key: str

    def __new__(cls, key: str, text: str) -> Sentence:
        result = super().__new__(cls, text)
        result.key = key
        return result

    def __reduce__(self) -> tuple[type[Sentence], tuple[str, str]]:
        return Sentence, (self.key, str(self))


NOT_WRITTEN, NEVER_CAME_UP = "not_written", "never_came_up"
"""The keys of what is said of a blank answer, and of a behaviour that had no occasion to show."""
NOT_PYTHON = ("SyntaxError", "IndentationError", "TabError")
UNWRITTEN = Sentence(NOT_WRITTEN, "not written yet.")

Found: TypeAlias = str | Occasion | None
"""A failure sentence; NONE when the thing in question never came up; None when it came up and was done right."""

Test: TypeAlias = Callable[[Evidence], Found]


class Scene(msgspec.Struct, frozen=True):
    """How things stand before a trial, and what is done with the answer in it."""

    name: str
    world: Callable[[], World]
    args: Callable[[Any], list[Any]]
    """The arguments, from what the world's setup returned."""
    entry: str = ""
    """The name to call; the part's own when empty."""
    kwargs: Mapping[str, Any] = {}
    kwargs_of: Callable[[Any], Mapping[str, Any]] | None = None
    """More keyword arguments, from what the world's setup returned."""
    driver: str = "call"
    bound: int = 60
    """How many orders are visited at most; past it they are drawn at random, and the verdict says so."""
    kill: bool = False
    """Instead of every order: let it run through once, then kill it at each point and start it again. `bound` is of points, then."""
    where: Callable[[KillPoint], bool] | None = None
    """With `kill`: only at points for which this is true. Where a sample must do, it is of those that tell most."""


class Behaviour(msgspec.Struct, frozen=True):
    """One thing that is checked."""

    name: str
    points: int
    promise: str
    """What the learner is told is checked, as a sentence."""
    test: Test
    scenes: tuple[str, ...] = ()
    """The scenes in which it must hold; empty means the first one."""
    across: Callable[[Sequence[Evidence]], Found] | None = None
    """What only several trials together can show: judged when each has passed by itself."""
    any_ending: bool = False
    """Whether the test also judges trials that ended in an error or were stopped. Otherwise such an ending is the failure."""


def worth(behaviours: Sequence[Behaviour], points: Mapping[str, int]) -> tuple[Behaviour, ...]:
    """Those of the behaviours that `points` names, each worth what it says there. Raises KeyError for a name that none bears."""
    by_name = {one.name: one for one in behaviours}
    return tuple(msgspec.structs.replace(by_name[name], points=each) for name, each in points.items())


class Finding(msgspec.Struct, frozen=True):
    """What came of one behaviour."""

    behaviour: str
    points: int
    earned: int
    sentence: str = ""
    """Why it failed."""
    key: str = ""
    """Of the sentence."""
    follows: str = ""
    """The behaviour whose failure is the cause of this one, where that is known: what is said there need not be said again."""
    where: str = ""
    """In how many orders, and in which one it is shown."""
    order: tuple[int, ...] = ()
    scene: str = ""
    kill_at: int | None = None
    kept_back: bool = False
    """Whether it failed in a scene that is kept back for grading, so that nothing more may be said of it."""


class Verdict(msgspec.Struct, frozen=True):
    """What came of one part of an exercise."""

    part: str
    findings: list[Finding]
    coverage: str = ""
    note: str = ""
    journal: list[str] = []
    """The journal of the simplest order that failed, a line an entry."""
    timeline: str = ""
    """The same as a picture with its table, in HTML; empty where it would be too long to look at."""

    @property
    def earned(self) -> int:
        return sum(finding.earned for finding in self.findings)

    @property
    def points(self) -> int:
        return sum(finding.points for finding in self.findings)

    @property
    def lost(self) -> list[str]:
        return [finding.behaviour for finding in self.findings if finding.earned < finding.points]


class Part(msgspec.Struct, frozen=True):
    """What is judged by one graded cell."""

    name: str
    """The grade id of the solution cell, which is the name that it defines."""
    behaviours: tuple[Behaviour, ...]
    scenes: tuple[Scene, ...] = ()
    judge: Callable[[Part, Guest, list[str]], Verdict] | None = None
    """For parts that are not judged by scenes."""
    promises: Mapping[str, tuple[str, ...]] = {}
    """What the statement says in general, and the scenes that are instances of it."""

    @property
    def points(self) -> int:
        return sum(behaviour.points for behaviour in self.behaviours)

    def scenes_of(self, behaviour: Behaviour) -> tuple[str, ...]:
        """The scenes in which a behaviour is looked for: the first one, unless it names others."""
        return behaviour.scenes or (self.scenes[0].name,)


class Exercise(msgspec.Struct, frozen=True):
    """One exercise of the course."""

    slug: str
    parts: tuple[Part, ...]
    hints: tuple[str, ...]

    @property
    def about(self) -> catalogue.Exercise:
        """Its lesson, title and minutes."""
        return catalogue.find(self.slug)

    @property
    def points(self) -> int:
        return sum(part.points for part in self.parts)

    def part(self, name: str) -> Part:
        """Raises KeyError for a part that there is not."""
        for part in self.parts:
            if part.name == name:
                return part
        raise KeyError(name)


@contextlib.contextmanager
def _memory_set_aside() -> Iterator[None]:
    """Let the garbage collector leave alone what is in memory already: to look through it takes as long as ten trials.

    Where a process has set its memory aside for good, as graders do, nothing is left to do.
    """
    if gc.get_freeze_count():
        yield
        return
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


@_memory_set_aside()
def judge(part: Part, guest: Guest, sources: list[str]) -> Verdict:
    """Judge one part: `guest` runs the answer, `sources` are the answer cells (run afresh before every order)."""
    if part.judge is not None:
        return part.judge(part, guest, sources)
    if untouched(sources):
        blank = [Finding(one.name, one.points, 0, str(UNWRITTEN), UNWRITTEN.key) for one in part.behaviours]
        return Verdict(part.name, with_one_cause(blank))
    explorations: dict[str, Exploration] = {}
    losses = _Losses(part)
    for scene in part.scenes:
        explorations[scene.name] = _explored(scene, part, guest, sources, losses.all_lost(scene))
        if unusable := _unusable(part.name, explorations[scene.name]):
            unjudged = [Finding(one.name, one.points, 0, str(unusable), "unusable") for one in part.behaviours]
            return Verdict(part.name, with_one_cause(unjudged), note=unusable)
    findings = with_one_cause([_finding(behaviour, part, explorations, losses.said_of) for behaviour in part.behaviours])
    failed = _simplest(findings, explorations)
    if failed is None:
        return Verdict(part.name, findings, _coverage(explorations))
    return Verdict(part.name, findings, _coverage(explorations), journal=failed.text().splitlines(), timeline=_drawn(failed))


class _Losses:
    """What is lost while the scenes of a part are explored, so that orders which can change no verdict and no sentence are not tried."""

    def __init__(self, part: Part) -> None:
        self._part = part
        self._lost: dict[str, set[str]] = {one.name: set() for one in part.behaviours}
        """For each behaviour, the scenes in which it is known to be lost."""
        self._said: dict[tuple[str, int], Found] = {}

    def said_of(self, behaviour: Behaviour, evidence: Evidence) -> Found:
        """What is to be said of a behaviour in one trial, asked once."""
        key = behaviour.name, id(evidence)  # which the exploration holds, so no other trial gets its id
        if key not in self._said:
            self._said[key] = _said_of(behaviour, evidence)
        return self._said[key]

    def all_lost(self, scene: Scene) -> Callable[[Evidence], bool]:
        """Whether another order of this scene can tell nothing new, asked after each. Of kills all are tried: they say where it may die."""
        if scene.kill:
            return _never
        open_still = [one for one in self._part.behaviours if scene.name in self._part.scenes_of(one) and not self._known(one, scene)]
        least = TELLING if open_still else 1
        tried = 0

        def enough(evidence: Evidence) -> bool:
            nonlocal tried
            tried += 1
            for one in list(open_still):
                if isinstance(self.said_of(one, evidence), str):
                    self._lost[one.name].add(scene.name)
                    open_still.remove(one)
            return not open_still and tried >= least

        return enough

    def _known(self, behaviour: Behaviour, scene: Scene) -> bool:
        """Whether it is lost in a scene that it is looked for in before this one, from which its sentence comes then."""
        scenes = self._part.scenes_of(behaviour)
        return not self._lost[behaviour.name].isdisjoint(scenes[: scenes.index(scene.name)])


def _never(evidence: Evidence) -> bool:
    return False


class Loss(msgspec.Struct, frozen=True):
    """A behaviour that is lost, and the sentence that says why."""

    behaviour: str
    sentence: str


def first_loss(part: Part, guest: Guest, sources: list[str]) -> Loss | None:
    """What is lost first, or None. It ends with the first trial that shows a loss, so it costs less than a verdict where there is one."""
    explorations: dict[str, Exploration] = {}
    for scene in part.scenes if part.judge is None else ():
        asked = [one for one in part.behaviours if scene.name in part.scenes_of(one)]
        exploration = _explored(scene, part, guest, sources, lambda evidence, asked=asked: _lost_in(asked, evidence) is not None)  # type: ignore[misc]
        if unusable := _unusable(part.name, exploration):
            return Loss(part.name, unusable)
        losses = (_lost_in(asked, evidence) for evidence in exploration)
        if result := next((one for one in losses if one is not None), None):
            return result
        explorations[scene.name] = exploration
    findings = (
        judge(part, guest, sources).findings if part.judge is not None else [_finding(one, part, explorations) for one in part.behaviours]
    )
    return next((Loss(one.behaviour, one.sentence) for one in findings if one.earned < one.points), None)


def _lost_in(behaviours: Sequence[Behaviour], evidence: Evidence) -> Loss | None:
    """The first of some behaviours that one trial shows to be lost."""
    for one in behaviours:
        sentence = _said_of(one, evidence)
        if isinstance(sentence, str):
            return Loss(one.name, str(sentence))
    return None


def _said_of(behaviour: Behaviour, evidence: Evidence) -> Found:
    """What is to be said of a behaviour in one trial."""
    ending = ending_of(evidence) if not behaviour.any_ending or unwritten(evidence) else None
    return ending or behaviour.test(evidence)


def _explored(scene: Scene, part: Part, guest: Guest, sources: list[str], enough: Callable[[Evidence], bool]) -> Exploration:
    world = scene.world()
    spec = spec_of(scene, part, world, sources)
    if scene.kill:
        return explore_kills(guest, spec, world, bound=scene.bound, where=scene.where, enough=enough)
    return explore_with(guest, spec, world, bound=scene.bound, enough=enough)


def spec_of(scene: Scene, part: Part, world: World, sources: list[str]) -> Spec:
    """What the guest is to do in a scene, whose world has been set up."""
    more = scene.kwargs_of(world.given) if scene.kwargs_of else {}
    return Spec(scene.entry or part.name, scene.args(world.given), {**scene.kwargs, **more}, sources, scene.driver)


def _unusable(name: str, exploration: Exploration) -> str:
    ending = exploration.orders[0].ending
    if ending.how == "missing":
        return f"`{name}` is not defined: run or restore the cell that defines it, and keep the name."
    if ending.how == "broken":
        what = f"the cell that defines `{name}` cannot be run" if ending.type in NOT_PYTHON else f"`{name}` cannot be called"
        return f"{what}: {ending.type}: {ending.message}"
    return ""


def _finding(
    behaviour: Behaviour, part: Part, seen: Mapping[str, Exploration], said_of: Callable[[Behaviour, Evidence], Found] | None = None
) -> Finding:
    came_up = False
    worst: tuple[str, Evidence, str] | None = None
    failing = total = 0
    scenes = part.scenes_of(behaviour)
    for scene in scenes:
        for evidence in seen[scene]:
            total += 1
            reason = (said_of or _said_of)(behaviour, evidence)
            if isinstance(reason, str):
                failing += 1
                worst = worst or (reason, evidence, scene)
            elif reason is None:
                came_up = True
    if worst is None and behaviour.across is not None:
        together = behaviour.across([evidence for scene in scenes for evidence in seen[scene]])
        if isinstance(together, str):
            order = seen[scenes[0]].orders[0].order
            return Finding(behaviour.name, behaviour.points, 0, str(together), _key(together, behaviour), "", "", order, scenes[0])
        came_up = came_up and together is None
    if worst is not None:
        sentence, evidence, scene = worst
        kinds = "trials" if evidence.killed else "orders"
        quoted_scene = f"“{scene}”" if len(part.scenes) > 1 else ""
        steps = f": {_brief(evidence.steps())}" if evidence.choices or not quoted_scene else ""
        many = f"{failing} of {total} {kinds}; this one{f' in {quoted_scene}' if quoted_scene else ''}{steps}"
        where = many if total > 1 else f"in {quoted_scene}" if quoted_scene else ""
        key = _key(sentence, behaviour)
        return Finding(behaviour.name, behaviour.points, 0, str(sentence), key, "", where, evidence.order, scene, evidence.kill_at)
    if not came_up:
        return Finding(behaviour.name, behaviour.points, 0, f"{Occasion.NONE.value}: {behaviour.promise}", NEVER_CAME_UP)
    return Finding(behaviour.name, behaviour.points, behaviour.points)


def _key(sentence: str, behaviour: Behaviour) -> str:
    return sentence.key if isinstance(sentence, Sentence) else behaviour.name


def with_one_cause(findings: Sequence[Finding]) -> list[Finding]:
    """The same; a failure whose cause another row says names that row: it ended the same way, or for that reason it never came to it."""
    failed = [one for one in findings if one.earned < one.points]
    cause = next((one for one in failed if one.key != NEVER_CAME_UP), failed[0] if failed else None)
    result: list[Finding] = []
    for one in findings:
        if cause is not None and one in failed and one is not cause:
            same = next((other for other in result if other.sentence == one.sentence and not other.follows), None)
            follows = cause if one.key == NEVER_CAME_UP else same
            one = one if follows is None else msgspec.structs.replace(one, follows=follows.behaviour)
        result.append(one)
    return result


def _brief(steps: str, most: int = 240) -> str:
    """An order that fits in a sentence; a busy trial has a hundred choices, and a replay shows them all."""
    return steps if len(steps) <= most else f"{steps[:most].rpartition(' → ')[0] or steps[:most]} → …"


STUB = "# YOUR CODE HERE"
"""What stands where an answer is to be written: `ClearSolutions.code_stub` in autograder/nbgrader_config.py."""


def untouched(sources: Sequence[str]) -> bool:
    """Whether the answer cells are still as they were handed out: every function in them is a stub."""
    if not sources or not all(STUB in text for text in sources):
        return False
    trees = [parsed(text) for text in sources]
    functions = [one for tree in trees if tree for one in ast.walk(tree) if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)]
    return None not in trees and bool(functions) and all(_is_stub(one) for one in functions)


def _is_stub(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return all(isinstance(one, ast.Pass) for one in body)


def unwritten(evidence: Evidence) -> bool:
    """Whether the answer is still the blank that was handed out."""
    return evidence.ending.type == "NotImplementedError" and not evidence.ending.message


def ending_of(evidence: Evidence) -> Sentence | None:
    """Why this trial did not come to a proper end, as a sentence; None if it did."""
    ending = evidence.ending
    if ending.how == "raised":
        if unwritten(evidence):
            return UNWRITTEN
        at = f" at {ending.line}" if ending.line else ""
        return Sentence(f"raised {ending.type}", f"it raised {ending.type}: {ending.message}{at}{_refused_last(evidence)}")
    if ending.how == "halted":
        at = f" (at {ending.line})" if ending.line else ""
        return Sentence(f"halted: {' '.join(ending.message.split()[:1])}", f"it {ending.message}{at}")
    return None


def _refused_last(evidence: Evidence) -> str:
    """The journal line of the refusal that an exception may come from: the last request, if that was refused."""
    every, refused = evidence.requests(), evidence.requests(ok=False)
    return f" (the last request was refused: {evidence.line(refused[-1])})" if refused and refused[-1] is every[-1] else ""


def _coverage(seen: Mapping[str, Exploration]) -> str:
    points = sum(1 for exploration in seen.values() for evidence in exploration if evidence.killed)
    orders = sum(len(exploration) for exploration in seen.values()) - points
    sampled = [name for name, exploration in seen.items() if not exploration.complete and not exploration.stopped]
    stopped = [name for name, exploration in seen.items() if exploration.stopped and any(one.choices for one in exploration)]
    more = f" There are more in {', '.join(sampled)}, so a sample was drawn (seed 0)." if sampled else ""
    more += f" The rest of {', '.join(stopped)} was left out, as it could not change the verdict." if stopped else ""
    if more:
        return f"{orders} delivery order{' was' if orders == 1 else 's were'} tried.{more}{_killed(points)}"
    if orders == 1:
        return f"The only delivery order was tried.{_killed(points)}"
    scenes = f" in {len(seen)} scenes" if len(seen) > 1 else ""
    return f"All {orders} delivery orders{scenes} were tried.{_killed(points)}"


def _killed(points: int) -> str:
    return f" The program was killed at {points} point{'s' if points > 1 else ''} and started again." if points else ""


def _simplest(findings: list[Finding], seen: Mapping[str, Exploration]) -> Evidence | None:
    """The order in which the first behaviour that failed is shown."""
    failed = next((one for one in findings if one.scene and one.earned < one.points), None)
    if failed is None:
        return None
    return next(one for one in seen[failed.scene] if (one.order, one.kill_at) == (failed.order, failed.kill_at))


def _drawn(evidence: Evidence) -> str:
    if len(evidence.journal) > MOST_ENTRIES:
        return ""
    try:
        timeline = Timeline(evidence, "What happened")
        return str(timeline.html()) if len(timeline.rows) <= MOST_ROWS else ""
    except Exception:  # a hostile answer's evidence may be of any shape, and a picture decides nothing
        return ""


def choices(right: Mapping[str, str], explained: Mapping[str, Mapping[str, str]]) -> Callable[[Part, Guest, list[str]], Verdict]:
    """A judge of multiple-choice answers: a dictionary of letters. Each behaviour is named after the question it is about."""

    def decide(part: Part, guest: Guest, sources: list[str]) -> Verdict:
        from threadlab.trials.trial import run_trial

        evidence = run_trial(guest, Spec(part.name, sources=sources, driver="value"), World())
        if evidence.ending.how != "returned" or not isinstance(evidence.value, dict):
            why = ending_of(evidence) or f"`{part.name}` is not a dictionary of letters: keep its shape and fill in the letters."
            if evidence.ending.how in ("missing", "broken"):
                why = f"`{part.name}` cannot be read: {evidence.ending.message}"
            key = NOT_WRITTEN if evidence.ending.how == "raised" and unwritten(evidence) else "not_letters"
            return Verdict(part.name, with_one_cause([Finding(b.name, b.points, 0, str(why), key) for b in part.behaviours]), note=why)
        return Verdict(part.name, [_chosen(b, evidence.value.get(b.name), right[b.name], explained[b.name]) for b in part.behaviours])

    return decide


def _chosen(behaviour: Behaviour, given: Any, right: str, explained: Mapping[str, str]) -> Finding:
    letter = given.strip().lower() if isinstance(given, str) else ""
    if letter == right:
        return Finding(behaviour.name, behaviour.points, behaviour.points)
    why = explained.get(letter, f"choose one of the letters {', '.join(sorted(explained))}, as a string.")
    key = f"chose_{letter}" if letter in explained else "no_letter"
    return Finding(behaviour.name, behaviour.points, 0, why if letter not in explained else f"({letter}) {why}", key)

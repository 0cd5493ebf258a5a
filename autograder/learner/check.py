"""What a learner calls in a notebook: `check`, `hint` and `standing`. In a kernel it is always learning; nothing here grades."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, NamedTuple

from autograder import checks
from autograder.judging.behaviours import Exercise, Part, Verdict, judge
from autograder.judging.verdict_text import render
from autograder.notebooks import defines, uses
from threadlab.errors import ThreadlabError
from threadlab.trials.trial import in_process


def check(slug: str, part: str | None = None) -> float:
    """Check an exercise (or one part of it) in this notebook: prints a line a behaviour, returns the points.

    Mistakes in the answer become sentences; an exercise or part that does not exist raises a sentence too.
    """
    exercise = checks.find(slug)
    if part is not None and part not in [one.name for one in exercise.parts]:
        raise ThreadlabError(f"{slug} has no part {part!r}; it has {', '.join(one.name for one in exercise.parts)}.")
    chosen = exercise.parts if part is None else (exercise.part(part),)
    verdicts = [judge_here(one) for one in chosen]
    for verdict in verdicts:
        print(render(verdict))
    _remember(exercise, verdicts)
    return Points(sum(verdict.earned for verdict in verdicts))


class Points(float):
    """What a check earned. It is a number, and a notebook shows nothing below the lines that say so already."""

    def _ipython_display_(self) -> None:
        return


def hint(slug: str, number: int = 1) -> None:
    """Print a hint, the first being the smallest."""
    hints = checks.find(slug).hints
    if not 1 <= number <= len(hints):
        raise ThreadlabError(f"{slug} has {len(hints)} hints: ask for 1 to {len(hints)}.")
    print(f"Hint {number} of {len(hints)}: {hints[number - 1]}")


def _remember(exercise: Exercise, verdicts: list[Verdict]) -> None:
    """Keep the result for the progress line, if this is the learner's own notebook in `exercises/`."""
    from autograder.learner import progress
    from autograder.notebooks import released

    if Path.cwd() == released(exercise.slug).parent:
        progress.note_parts(exercise.slug, {verdict.part: verdict.earned for verdict in verdicts}, exercise.points)


def standing(lesson: str = "") -> Any:
    """How far you have come in the whole course, as a widget for the head of a lesson."""
    from autograder.learner import progress

    return progress.shown(lesson)


def judge_here(part: Part) -> Verdict:
    """Judge a part on what this kernel has defined."""
    around = surroundings(part.name)
    return judge(part, in_process(around.namespace, context=around.context), around.sources)


class Surroundings(NamedTuple):
    """What an answer in a notebook finds around it."""

    namespace: dict[str, Any]
    sources: list[str]
    """The cell that defines it last, so that it can be run afresh; empty if nothing tells."""
    context: list[str]
    """The cells that define what it uses, and what that uses in turn, in the order in which they ran last."""


def surroundings(name: str) -> Surroundings:
    """The names around an answer, and the cells behind them, if a notebook or script tells."""
    shell = _shell()
    if shell is None:
        main = sys.modules["__main__"]
        return Surroundings(dict(vars(main)), [], [])
    namespace = {key: value for key, value in shell.user_ns.items() if key not in ("In", "Out", "_", "__", "___")}
    ran = [shell.transform_cell(text) if text else "" for text in shell.user_ns.get("In", [])]
    at = next((index for index in reversed(range(len(ran))) if defines(ran[index], name)), None)
    if at is None:
        return Surroundings(namespace, [], [])
    needed, wanted, known = {at}, uses(ran[at]), {name}
    while wanted - known:
        one = (wanted - known).pop()
        known.add(one)
        where = next((index for index in reversed(range(len(ran))) if index != at and defines(ran[index], one)), None)
        if where is not None and where not in needed:
            needed.add(where)
            wanted |= uses(ran[where])
    return Surroundings(namespace, [ran[at]], [ran[index] for index in sorted(needed - {at})])


def _shell() -> Any:
    get_ipython = getattr(sys.modules.get("IPython"), "get_ipython", None)
    return get_ipython() if get_ipython else None

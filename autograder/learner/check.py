"""What a learner calls in a notebook: `check`, `hint` and `standing`. In a kernel it is always learning; nothing here grades."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from autograder import checks
from autograder.judging.behaviours import Exercise, Part, Verdict, judge
from autograder.judging.verdict_text import render
from autograder.notebooks import defines
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
    return float(sum(verdict.earned for verdict in verdicts))


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
    namespace, sources = surroundings(part.name)
    return judge(part, in_process(namespace), sources)


def surroundings(name: str) -> tuple[dict[str, Any], list[str]]:
    """The names around an answer, and the cell that defines it last (so that it can be run afresh), if a notebook or script tells."""
    shell = _shell()
    if shell is None:
        main = sys.modules["__main__"]
        return dict(vars(main)), []
    namespace = {key: value for key, value in shell.user_ns.items() if key not in ("In", "Out", "_", "__", "___")}
    for text in reversed(shell.user_ns.get("In", [])):
        plain = shell.transform_cell(text) if text else ""
        if defines(plain, name):
            return namespace, [plain]
    return namespace, []


def _shell() -> Any:
    get_ipython = getattr(sys.modules.get("IPython"), "get_ipython", None)
    return get_ipython() if get_ipython else None

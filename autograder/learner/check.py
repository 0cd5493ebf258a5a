"""What a learner calls in a notebook: `check`, `hint` and `standing`. In a kernel it is always learning; nothing here grades."""

from __future__ import annotations

import builtins
import contextlib
import re
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from autograder import checks
from autograder.judging.behaviours import NOT_WRITTEN, Exercise, Part, Verdict, judge
from autograder.judging.prepared import handed_out
from autograder.judging.verdict_text import render
from autograder.notebooks import CHECK, Answer, answer_in, defines, parsed, uses
from courseware.announcing import announce
from threadlab.errors import ThreadlabError
from threadlab.trials.guest.answer import plain
from threadlab.trials.guest.messages import Ending, Said, Spec, Told
from threadlab.trials.trial import Guest, in_process


def check(slug: str, part: str | None = None, *, stage: int | None = None) -> float | None:
    """Check an exercise (or one part of it) in this notebook: prints a line a behaviour, returns the points.

    With `stage`, only the scenes of that stage are tried, and there are no points. Mistakes in the answer become sentences; an exercise,
    part or stage that does not exist raises a sentence too.
    """
    exercise = checks.find(slug)
    if stage is not None:
        from autograder.learner import stages

        _say_what_is_stale(exercise.parts)
        if judged := _judged([stages.restricted(exercise, stage)]):
            print(stages.render(exercise, stage, judged[0]))
        return None
    if part is not None and part not in [one.name for one in exercise.parts]:
        raise ThreadlabError(f"{slug} has no part {part!r}; it has {', '.join(one.name for one in exercise.parts)}.")
    parts = exercise.parts if part is None else (exercise.part(part),)
    _say_what_is_stale(parts)
    verdicts = _judged(parts, slug)
    if verdicts is None:
        return None
    for verdict in verdicts:
        print(render(verdict))
    _remember(exercise, verdicts)
    for verdict in verdicts:
        has_answer = any(finding.key != NOT_WRITTEN for finding in verdict.findings)
        announce("checked", exercise=slug, part=verdict.part, earned=verdict.earned, lost=verdict.lost, written=has_answer)
    return Points(sum(verdict.earned for verdict in verdicts))


def _judged(parts: Sequence[Part], slug: str = "") -> list[Verdict] | None:
    """What each part comes to; None, and a sentence, if the learner stops it."""
    try:
        return [judge_here(one, slug) for one in parts]
    except KeyboardInterrupt:  # ■, or Ctrl-C
        print("You have stopped the check, so it says nothing about your answer. Run the cell again when you like.")
        return None


class Points(float):
    """What a check earned. It is a number, and a notebook shows nothing below the lines that say so already."""

    def _ipython_display_(self) -> None:
        return


def _say_what_is_stale(parts: Sequence[Part]) -> None:
    """A cell with a syntax error defines nothing, and the kernel still has what the cell defined before."""
    shell = _shell()
    for part in parts if shell is not None else ():
        begins = re.compile(rf"^\s*(?:async\s+def|def|class)\s+{part.name}\b", re.MULTILINE)
        newest = next((text for text in reversed(shell.user_ns.get("In", [])) if begins.search(text)), "")
        if newest and part.name in shell.user_ns and parsed(plain(shell.transform_cell(newest))) is None:
            print(f"The newest cell with `{part.name}` has a syntax error, so its earlier version is checked. Grading reads the newest.")


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


def judge_here(part: Part, slug: str = "") -> Verdict:
    """Judge a part on what this kernel has defined."""
    around = surroundings(part.name, slug)
    return judge(part, _giving_up_sooner(around), around.sources)


LONG, SHORT = 10.0, 1.0
"""Seconds of processor time for a trial, and for each trial after one that used them up: a loop without an end is in every scene."""


def _giving_up_sooner(around: Surroundings) -> Guest:
    """The learner's answer, in this kernel. Raises KeyboardInterrupt when the learner stops it: that is no fault of the answer's."""
    patience = LONG

    def guest(spec: Spec, ask: Callable[[Said], Told]) -> Ending:
        nonlocal patience
        before = time.process_time()
        ending = in_process(around.namespace, context=around.context, patience=patience, alone=True)(spec, ask)
        if ending.how == "halted" and time.process_time() - before > patience / 2:  # whatever else halts an answer takes far less
            patience = SHORT
        if ending.how == "raised" and ending.type == "KeyboardInterrupt":
            raise KeyboardInterrupt
        return ending

    return guest


class Surroundings(NamedTuple):
    """What an answer in a notebook finds around it."""

    namespace: dict[str, Any]
    sources: list[str]
    context: list[str]
    """As in `autograder.notebooks.Answer`."""


def surroundings(name: str, slug: str = "") -> Surroundings:
    """The names around an answer, and the cells behind them, if a notebook or script tells."""
    shell = _shell()
    if shell is None:
        main = sys.modules["__main__"]
        return Surroundings(dict(vars(main)), [], [])
    namespace = {key: value for key, value in shell.user_ns.items() if key not in ("In", "Out", "_", "__", "___")}
    answer = answer_in([shell.transform_cell(text) if text else "" for text in shell.user_ns.get("In", [])], name)
    return Surroundings(namespace, answer.sources, [*_not_run(slug, namespace, answer), *answer.context])


def _not_run(slug: str, namespace: dict[str, Any], answer: Answer) -> list[str]:
    """Run, in this namespace alone, the locked cells that define what the answer uses and that have not run here: they are put back for
    grading, too. Returns them."""
    names = set[str]().union(*(uses(text) for text in [*answer.context, *answer.sources]))
    names -= namespace.keys() | vars(builtins).keys()
    again: list[str] = []
    if not names or slug not in checks.SLUGS:
        return again
    try:
        locked = handed_out(slug).source_cells
    except (ImportError, ThreadlabError):  # a browser tab cannot read notebooks, and a learner may have no blank
        return again
    for cell in locked:
        text = "\n".join(line for line in plain(cell.source).splitlines() if not line.startswith("get_ipython()."))
        if cell.locked and not cell.name.startswith(CHECK) and any(defines(text, one, imports=True) for one in names):
            again.append(text)
            with contextlib.suppress(Exception):
                exec(compile(text, f"<{cell.name}>", "exec"), namespace)
    return again


def _shell() -> Any:
    get_ipython = getattr(sys.modules.get("IPython"), "get_ipython", None)
    return get_ipython() if get_ipython else None

"""The large exercises, a stage at a time: the same answer, judged in some of the scenes only.

A stage earns nothing; `check` without one does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from autograder.judging.behaviours import Behaviour, Exercise, Part, Verdict
from autograder.judging.verdict_text import why
from threadlab.errors import ThreadlabError


class Stage(NamedTuple):
    """What is left out of a stage is judged in another one."""

    title: str
    scenes: tuple[str, ...]


STAGES: Mapping[str, tuple[Stage, ...]] = {
    "resilient-turn": (
        Stage("nothing goes wrong, or you are refused", ("plain", "text too long", "wrong key", "no such thread", "no such assistant")),
        Stage(
            "try again",
            ("always 500", "always 429", "bad moments", "bad moments while it looks", "bad moments while it waits", "rate limited"),
        ),
        Stage(
            "a lost reply",
            (
                *("message's reply lost", "message kept, 500 said", "message lost on its way", "asked before"),
                *("run's reply lost", "run started, 500 said", "run's reply never came"),
            ),
        ),
        Stage("killed, and started again", ("killed", "several turns")),
    ),
    "run-queue": (
        Stage("one turn after the other on a thread", ("four turns at once",)),
        Stage("refused, and failed", ("refused", "run fails", "every run fails")),
        Stage("within the limit", ("two waves", "dry spell")),
        Stage("fifty users, fairly and in time", ("fifty users",)),
    ),
    "support-desk": (
        Stage("without faults", ("calm", "one comes later")),
        Stage("storms", ("lost replies", "bad moments", "failing runs")),
        Stage(
            "restarts",
            ("killed", "killed with one ticket", "killed between two notes", "killed in a storm", "killed while runs fail"),
        ),
    ),
}
"""By exercise. Their scenes together are those of its only part; a test compares."""


def restricted(exercise: Exercise, number: int) -> Part:
    """The exercise's part with the scenes of one stage, and the behaviours that these show. Raises ThreadlabError."""
    stages = STAGES.get(exercise.slug, ())
    if not 1 <= number <= len(stages):
        has = f"has {len(stages)} stages: ask for 1 to {len(stages)}" if stages else "has no stages: call check without one"
        raise ThreadlabError(f"{exercise.slug} {has}.")
    (part,) = exercise.parts
    scene_names = set(stages[number - 1].scenes)
    behaviours = tuple(one for one in (_in(behaviour, part, scene_names) for behaviour in part.behaviours) if one.scenes)
    return msgspec.structs.replace(part, behaviours=behaviours, scenes=tuple(scene for scene in part.scenes if scene.name in scene_names))


def _in(behaviour: Behaviour, part: Part, wanted: set[str]) -> Behaviour:
    return msgspec.structs.replace(behaviour, scenes=tuple(scene for scene in part.scenes_of(behaviour) if scene in wanted))


def render(exercise: Exercise, number: int, verdict: Verdict) -> str:
    """What came of a stage: a line a behaviour, without points."""
    stages = STAGES[exercise.slug]
    lines = [f"[pass] {one.behaviour}" if one.earned == one.points else f"[FAIL] {one.behaviour}: {why(one)}" for one in verdict.findings]
    whole = f"Stage {number} of {len(stages)}, {stages[number - 1].title}"
    if verdict.lost:
        lines.append(f"{whole}: not there yet.")
    elif number < len(stages):
        lines.append(f"{whole}: passed. Next is stage {number + 1}, {stages[number].title}.")
    else:
        lines.append(f"{whole}: passed. Now check all of it.")
    return "\n".join(lines)

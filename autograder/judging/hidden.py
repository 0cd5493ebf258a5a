"""Behaviours in scenes that a teacher keeps back: `autograder/hidden/<exercise>.py`, which is never part of a release.

    from autograder.checks.first_turn import _args, _asking
    from autograder.judging.behaviours import Scene
    from threadlab.trials.trial import World

    SCENES = {"first_turn": [Scene("a slow answer", lambda: World(_asking("slow"), scenario="slow:150"), _args)]}  # by part
    MUST_HOLD = {"a slow answer": ["waits_for_the_end"]}  # behaviours, by scene

A world and its arguments are made as the check itself makes them, because its behaviours look at what the world was given.
Points do not change: a behaviour earns its points when it holds in the visible scenes *and* in these. What a student reads of it is one
sentence that is always the same; the scene, the journal and the reason stay here.
"""

from __future__ import annotations

import traceback
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from importlib.util import module_from_spec, spec_from_file_location

import msgspec

from autograder.course_folder import ROOT
from autograder.judging.behaviours import Behaviour, Exercise, Part, Scene, Verdict, judge, spec_of
from threadlab.errors import ThreadlabError
from threadlab.trials.trial import Guest

FOLDER = ROOT / "autograder" / "hidden"
SENTENCE = "it holds in the situations that you can see, and not in one that is kept back for grading."


class Hidden(msgspec.Struct, frozen=True):
    """What a teacher keeps back of one exercise."""

    scenes: Mapping[str, Sequence[Scene]] = {}
    must_hold: Mapping[str, Sequence[str]] = {}


@lru_cache
def hidden(slug: str) -> Hidden:
    """Of the exercise; empty if there is nothing. Raises ThreadlabError when the file cannot be used."""
    path = FOLDER / f"{slug}.py"
    if not path.is_file():
        return Hidden()
    spec = spec_from_file_location(f"autograder.hidden.{slug.replace('-', '_')}", path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
        result = Hidden(dict(getattr(module, "SCENES", {})), dict(getattr(module, "MUST_HOLD", {})))
    except Exception as error:
        raise ThreadlabError(f"{path} cannot be used: {type(error).__name__}: {error}") from None
    return result


def check_hidden(exercise: Exercise) -> None:
    """Try what a teacher keeps back of an exercise, before anybody is graded by it. Raises ThreadlabError with the line that is wrong."""
    hidden_checks = hidden(exercise.slug)
    path = FOLDER / f"{exercise.slug}.py"
    parts = {part.name: part for part in exercise.parts}
    for name, scenes in hidden_checks.scenes.items():
        if name not in parts:
            raise ThreadlabError(f"{path}: {exercise.slug} has no part {name!r}; it has {', '.join(parts)}.")
        behaviours = {one.name for one in parts[name].behaviours}
        for scene in scenes:
            unknown = [one for one in hidden_checks.must_hold.get(scene.name, ()) if one not in behaviours]
            if unknown:
                raise ThreadlabError(f"{path}: {name} has no behaviour {unknown[0]!r}; it has {', '.join(sorted(behaviours))}.")
            try:
                world = scene.world()
                spec_of(scene, parts[name], world, [])
            except Exception as error:
                lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
                where = f", line {lines[-1]}" if lines else ""
                raise ThreadlabError(f"{path}{where}: the scene {scene.name!r} cannot be set up: {type(error).__name__}: {error}") from None


def with_hidden(slug: str, part: Part, verdict: Verdict, guest: Guest, sources: list[str]) -> Verdict:
    """The visible verdict, with what passes there judged again in the scenes that are kept back."""
    passed = {finding.behaviour for finding in verdict.findings if finding.earned == finding.points}
    second = judge_hidden(slug, part, guest, sources, passed)
    if second is None:
        return verdict
    failed = {finding.behaviour for finding in second.findings if finding.earned < finding.points and (finding.scene or second.note)}
    loss = {"earned": 0, "sentence": SENTENCE, "kept_back": True}
    findings = [msgspec.structs.replace(one, **loss) if one.behaviour in failed else one for one in verdict.findings]
    return msgspec.structs.replace(verdict, findings=findings)


def judge_hidden(slug: str, part: Part, guest: Guest, sources: list[str], names: Collection[str]) -> Verdict | None:
    """The behaviours called `names` in the scenes that are kept back; None if there are none for them. For a teacher's eyes."""
    hidden_checks = hidden(slug)
    behaviours: list[Behaviour] = []
    for behaviour in part.behaviours:
        scenes = tuple(
            scene.name for scene in hidden_checks.scenes.get(part.name, ()) if behaviour.name in hidden_checks.must_hold.get(scene.name, ())
        )
        if scenes and behaviour.name in names:
            behaviours.append(msgspec.structs.replace(behaviour, scenes=scenes))
    if not behaviours:
        return None
    return judge(msgspec.structs.replace(part, behaviours=tuple(behaviours), scenes=tuple(hidden_checks.scenes[part.name])), guest, sources)

"""`course.py replay EXERCISE STUDENT`: an appeal, answered by running again the very trial in which a behaviour was lost.

What is replayed is the graded notebook in `autograder/work/autograded`, in the sandbox, in the delivery order (or killed at the point)
that the record names. What a teacher keeps back is judged again, too, and shown: this is for the teacher's eyes, not for a feedback page.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from autograder.execution.client import WorkerClient
from autograder.judging.behaviours import Behaviour, Exercise, Finding, Part, Verdict, ending_of, judge, spec_of
from autograder.judging.hidden import judge_hidden
from autograder.judging.notebook import run_cells
from autograder.judging.remote_guest import remote_guest
from autograder.notebooks import BadNotebook, answer_of, read
from threadlab.trials.timeline import Timeline
from threadlab.trials.trial import Evidence, Guest, replaying, run_trial


class Replayed(msgspec.Struct, frozen=True):
    """One lost behaviour, seen again."""

    part: str
    behaviour: str
    promise: str
    then: str
    """The sentence in the record."""
    now: str
    """The sentence of this time; empty if nothing is wrong."""
    steps: str = ""
    """The order in which things were delivered."""
    table: str = ""
    journal: str = ""


def replayed(exercise: Exercise, path: Path, findings: dict[str, list[Finding]], client: WorkerClient) -> Iterator[Replayed]:
    """Each lost behaviour of `findings` (by part) again, from the notebook at `path`. Raises BadNotebook."""
    notebook = read(path)
    for name, losses in findings.items():
        part = exercise.part(name)
        answer = answer_of(notebook, name)
        with client.open(path.parent) as session:
            run_cells(notebook, session)
            guest = remote_guest(session, context=answer.context)
            for finding in losses:
                yield _again(exercise.slug, part, finding, guest, answer.sources)


def lost_findings(verdicts: Mapping[str, Sequence[Verdict]], behaviour: str | None) -> dict[str, list[Finding]]:
    """The findings of a record that earned less than their points, by part. Raises BadNotebook when `behaviour` is not among them."""
    result: dict[str, list[Finding]] = {}
    for listed in verdicts.values():
        for verdict in listed:
            for one in verdict.findings:
                if one.earned < one.points and behaviour in (None, one.behaviour):
                    result.setdefault(verdict.part, []).append(one)
    if behaviour and not result:
        raise BadNotebook(f"{behaviour} was not lost by this submission, as it was graded.")
    return result


def _again(slug: str, part: Part, finding: Finding, guest: Guest, sources: list[str]) -> Replayed:
    behaviour = next((one for one in part.behaviours if one.name == finding.behaviour), None)
    if behaviour is None:
        return Replayed(part.name, finding.behaviour, "", finding.sentence, f"{slug} no longer checks this: grade it again.")
    replayed_finding = Replayed(part.name, behaviour.name, behaviour.promise, finding.sentence, "")
    scene = next((one for one in part.scenes if one.name == finding.scene), None)
    if finding.kept_back:
        return _judged(replayed_finding, judge_hidden(slug, part, guest, sources, {behaviour.name}), kept_back=True)
    if scene is None:
        return _judged(replayed_finding, judge(part, guest, sources))
    world = scene.world()
    spec = spec_of(scene, part, world, sources)
    if finding.kill_at is None:
        evidence = run_trial(guest, spec, world, choose=replaying(finding.order))
    else:
        evidence = run_trial(guest, spec, world, kill_at=finding.kill_at, restart=True)
    return _watched(replayed_finding, behaviour, evidence)


def _watched(seen: Replayed, behaviour: Behaviour, evidence: Evidence) -> Replayed:
    """A trial that is known, gone through once more."""
    sentence = (None if behaviour.any_ending else ending_of(evidence)) or behaviour.test(evidence)
    return msgspec.structs.replace(
        seen,
        now=sentence if isinstance(sentence, str) else "",
        steps=evidence.steps(),
        table=Timeline(evidence).text(),
        journal=evidence.text(),
    )


def _judged(seen: Replayed, verdict: Verdict | None, *, kept_back: bool = False) -> Replayed:
    """No single trial is to blame, or it is one that is kept back: everything was judged again."""
    finding = next((one for one in verdict.findings if one.behaviour == seen.behaviour), None) if verdict else None
    if verdict is None or finding is None or finding.earned == finding.points:
        return seen
    where = f"{finding.scene}: " if kept_back else ""
    return msgspec.structs.replace(seen, now=where + finding.sentence, steps=finding.where, journal="\n".join(verdict.journal))

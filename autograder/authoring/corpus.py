"""Grade a folder of answers that are known to be right or wrong: `DIR/<exercise>/{right,wrong}/*.py`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from autograder import checks
from autograder.execution.client import WorkerClient
from autograder.judging.notebook import grade_notebook
from autograder.notebooks import BadNotebook, read_answers, read_sentence_key, with_answers

KINDS = ("right", "wrong")
FOLLOWS = "follows "


class Row(msgspec.Struct, frozen=True):
    """What became of one answer."""

    exercise: str
    kind: str
    name: str
    points: float
    max: float
    lost: list[str]
    stated: list[str] | None = None
    """What its `# loses:` line says."""
    keys: dict[str, str] = {}
    """The key of the sentence that each lost behaviour got; `follows NAME` where another row says the cause."""
    says: str | None = None
    """What its `# says:` line says: the key of the first sentence."""
    sentences: list[str] = []

    @property
    def problem(self) -> str:
        """What is not as it should be; empty when all is."""
        if self.kind == "right" and (self.lost or self.points < self.max):
            return f"a right answer loses {', '.join(self.lost) or 'points'}"
        if self.kind == "wrong" and not self.lost:
            return "a wrong answer loses nothing"
        if self.stated is not None and set(self.stated) != set(self.lost):
            return f"it says that it loses {', '.join(self.stated) or 'nothing'}"
        first = next((key for key in self.keys.values() if not key.startswith(FOLLOWS)), "")
        if self.says is not None and self.says != first:
            return f"it says that it is told “{self.says}”, and it is told “{first}”"
        return ""


def find(folder: Path, only: str | None = None) -> Iterator[tuple[str, str, Path]]:
    """Every answer: exercise, kind, file. Raises BadNotebook when there is none."""
    answers = [
        (exercise.name, kind, path)
        for exercise in sorted(folder.iterdir() if folder.is_dir() else [])
        if exercise.is_dir() and (only is None or exercise.name == only)
        for kind in KINDS
        for path in sorted((exercise / kind).glob("*.py"))
    ]
    if not answers:
        raise BadNotebook(f"There are no answers in {folder}: they belong in <exercise>/right/*.py and <exercise>/wrong/*.py.")
    for slug in {slug for slug, _, _ in answers}:
        checks.find(slug)
    yield from answers


def grade(answers: Iterable[tuple[str, str, Path]], client: WorkerClient) -> Iterator[Row]:
    """Grade answers one by one, as submissions."""
    for slug, kind, path in answers:
        exercise = checks.find(slug)
        cells, stated_losses = read_answers(path)
        notebook = with_answers(slug, cells)
        with client.open() as session:
            verdicts = grade_notebook(notebook, session, exercise)
        losses = [finding for verdict in verdicts for finding in verdict.findings if finding.earned < finding.points]
        yield Row(
            slug,
            kind,
            path.stem,
            float(sum(verdict.earned for verdict in verdicts)),
            float(exercise.points),
            [name for verdict in verdicts for name in verdict.lost],
            stated_losses if kind == "wrong" else None,
            {one.behaviour: f"{FOLLOWS}{one.follows}" if one.follows else one.key for one in losses},
            read_sentence_key(path),
            [f"{finding.behaviour}: {finding.sentence}" for verdict in verdicts for finding in verdict.findings if finding.sentence],
        )

"""Mutants: every right answer of an exercise with one small change, each distinct, with a fingerprint that outlives its neighbourhood."""

from __future__ import annotations

import ast
import difflib
import hashlib
import random
import re
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from autograder import checks
from autograder.course_folder import ROOT
from autograder.mutation import general, trade
from autograder.mutation.edits import Edit, Source
from autograder.notebooks import grade_id, is_solution, read, read_answers, solution

ANSWERS = ROOT / "autograder" / "known_answers"
REVIEWED = Path(__file__).with_name("reviewed.toml")
SOLUTION = "solution"
OPERATORS = (*general.OPERATORS, *trade.OPERATORS)


class Mutant(msgspec.Struct, frozen=True):
    """A right answer with one change."""

    exercise: str
    answer: str
    """The name of the right answer it was made from; `solution` is the notebook's."""
    part: str
    """The answer cell that was changed."""
    operator: str
    line: int
    diff: str
    cells: dict[str, str]
    """All answer cells, one of them changed."""

    @property
    def fingerprint(self) -> str:
        """Of the lines that have changed and the answer they are in; it stays when other lines change."""
        changed = [line[0] + line[1:].strip() for line in self.diff.splitlines() if line[:1] in "+-"]
        data = "\n".join([self.exercise, self.answer, self.part, *changed])
        return hashlib.sha256(data.encode()).hexdigest()[:12]


def right_answers(slug: str) -> Iterator[tuple[str, dict[str, str]]]:
    """The name and the answer cells of every right answer; the solution is the first."""
    cells = read(solution(slug)).cells
    yield SOLUTION, {grade_id(cell): cell.source for cell in cells if is_solution(cell)}
    for path in sorted((ANSWERS / slug / "right").glob("*.py")):
        yield path.stem, read_answers(path)[0]


def mutants(slug: str) -> list[Mutant]:
    """All mutants of an exercise, each source once, in a fixed order."""
    names = {part.name for part in checks.find(slug).parts if part.judge is None}
    by_fingerprint: dict[str, Mutant] = {}
    for answer, cells in right_answers(slug):
        for part in [name for name in cells if name in names]:
            source = Source(cells[part])
            dumps = {ast.dump(source.tree)}
            for edit in sorted(_edits(source), key=lambda one: (one.start, one.end, one.operator)):
                changed = source.applied(edit)
                dumped = _dumped(changed)
                if dumped is None or dumped in dumps:
                    continue
                dumps.add(dumped)
                line = source.data[: edit.start].count(b"\n") + 1
                mutant = Mutant(slug, answer, part, edit.operator, line, _diff(source.text, changed), {**cells, part: changed})
                by_fingerprint.setdefault(mutant.fingerprint, mutant)
    return list(by_fingerprint.values())


def sampled(every: Sequence[Mutant], count: int | None, seed: int) -> list[Mutant]:
    """As many of the mutants, drawn so that each operator has its turn."""
    if count is None or count >= len(every):
        return list(every)
    chance = random.Random(f"{seed}")
    by_operator: dict[str, list[Mutant]] = {}
    for one in every:
        by_operator.setdefault(one.operator, []).append(one)
    for group in by_operator.values():
        chance.shuffle(group)
    sample: list[Mutant] = []
    while len(sample) < count:
        for group in by_operator.values():
            if group and len(sample) < count:
                sample.append(group.pop())
    return sample


def surroundings(slug: str) -> str:
    """What the notebook gives an answer: the setup cell, without magics and without the check."""
    setup = next(cell.source for cell in read(solution(slug)).cells if grade_id(cell) == "setup")
    return "\n".join(line for line in setup.splitlines() if not line.startswith("%") and "autograder" not in line)


def _edits(source: Source) -> Iterator[Edit]:
    for node in source.nodes:
        for operator in OPERATORS:
            yield from operator(source, node)


def _dumped(text: str) -> str | None:
    try:
        tree = ast.parse(text)
        compile(tree, "mutant", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    except (SyntaxError, ValueError):
        return None
    return ast.dump(tree)


def _diff(before: str, after: str) -> str:
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), n=1, lineterm="")
    return "\n".join(list(lines)[2:])


class Reviewed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Mutants that a person has looked at and found right by the statement: by fingerprint, or all that an operator makes of a line."""

    exercise: str
    reason: str
    fingerprints: list[str] = []
    operators: list[str] = []
    line: str = ""
    """A pattern that is found in a line that has changed."""

    def covers(self, mutant: Mutant) -> bool:
        if mutant.exercise != self.exercise:
            return False
        if mutant.fingerprint in self.fingerprints:
            return True
        if not (self.operators or self.line) or (self.operators and mutant.operator not in self.operators):
            return False
        return any(re.search(self.line, line[1:]) for line in mutant.diff.splitlines() if line[:1] in "+-")


def reviewed(path: Path = REVIEWED) -> list[Reviewed]:
    """What stands in the reviewed list. Raises ValueError for an entry without a reason, or one that covers nothing."""
    result = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")).get("reviewed", []), list[Reviewed])
    for one in result:
        if not one.reason.strip() or not (one.fingerprints or one.operators or one.line):
            raise ValueError(f"{path.name}: an entry of {one.exercise} has no reason, or does not say which mutants it is about.")
    return result


def reason_for(mutant: Mutant, entries: Sequence[Reviewed]) -> str:
    """Why a mutant is right by the statement; empty if nobody has said so."""
    return next((one.reason for one in entries if one.covers(mutant)), "")

"""Check and grade agree: whatever was done to a notebook, each of the six ways to judge it says the same.

`THREADS_AGREEMENT=500` makes the property test try so many notebooks; in CI it tries a few.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from autograder.notebooks import read_answers, with_answers
from tests.autograder.classroom.six_ways import Judges, disagreements, judges
from tests.autograder.course_copy import ROOT

MANY = int(os.environ.get("THREADS_AGREEMENT", "3"))
SLUG = "first-turn"

pytestmark = pytest.mark.slow

PART = "first_turn"
KNOWN = ROOT / "autograder" / "known_answers" / SLUG
ANSWERS = {
    f"{path.parent.name}/{path.stem}": read_answers(path)[0][PART]
    for kind, count in (("right", 3), ("wrong", 6))
    for path in sorted((KNOWN / kind).glob("*.py"))[:count]
}
ANSWERS |= {"empty": "", "broken": "def first_turn(:\n    pass", "blank": "def first_turn(client, assistant_id, question):\n    pass"}
HELPER = "def _helper_of_mine(value):\n    return value\n"
NOISE = {
    "input": 'a = input("Enter an integer")\n',
    "flood": 'print("x" * 3_000_000)\n',
    "native stderr": 'import os\nos.write(2, b"[W NNPACK] could not init\\n")\n',
    "stderr": 'import sys\nprint("careful", file=sys.stderr)\n',
    "error": "1 / 0\n",
}


def code(source: str) -> Any:
    """A cell without an id, as some editors write it."""
    return nbformat.from_dict({"cell_type": "code", "metadata": {}, "source": source, "outputs": [], "execution_count": None})


class Made:
    """A notebook that was edited; `kernel` says whether its own `check` can still run."""

    def __init__(self, answer: str) -> None:
        self.notebook: Any = copy.deepcopy(with_answers(SLUG, {PART: ANSWERS[answer]}))
        self.kernel = True
        self.done = [answer]

    def at(self, name: str) -> int:
        """The last cell of this name, or the end."""
        places = [index for index, cell in enumerate(self.cells) if cell["metadata"].get("nbgrader", {}).get("grade_id") == name]
        return places[-1] if places else len(self.cells) - 1

    @property
    def cells(self) -> list[Any]:
        found: list[Any] = self.notebook["cells"]
        return found

    def twin(self, name: str, source: str | None = None) -> Any:
        made = copy.deepcopy(self.cells[self.at(name)])
        made["id"] = f"{made.get('id', 'x')}-{len(self.cells)}"
        if source is not None:
            made["source"] = source
        return made

    def do(self, edit: str, answer: str, noise: str) -> None:  # noqa: C901, PLR0915 - a table of edits, read from top to bottom
        self.done.append(f"{edit} {answer if 'answer' in edit else noise if 'noise' in edit else ''}")
        here, check = self.at(PART), self.at(f"check_{PART}")
        if edit == "copy answer below":
            self.cells.insert(here + 1, self.twin(PART, ANSWERS[answer]))
        elif edit == "copy answer above":
            self.cells.insert(here, self.twin(PART, ANSWERS[answer]))
        elif edit == "copy answer and check":
            self.cells[check + 1 : check + 1] = [self.twin(PART, ANSWERS[answer]), self.twin(f"check_{PART}")]
        elif edit == "split: helper below":
            self.cells.insert(here + 1, self.twin(PART, HELPER))
        elif edit == "split: helper above":
            self.cells.insert(here, self.twin(PART, HELPER))
        elif edit in ("answer as markdown", "answer as raw"):
            self.retype(here, edit.split()[-1])
        elif edit in ("check as markdown", "check as raw"):
            self.retype(check, edit.split()[-1])
            self.kernel = False
        elif edit in ("delete setup", "delete check"):
            name = "setup" if edit == "delete setup" else f"check_{PART}"
            self.notebook["cells"] = [cell for cell in self.cells if cell["metadata"].get("nbgrader", {}).get("grade_id") != name]
            self.kernel = False
        elif edit == "delete answer":
            del self.cells[here]
        elif edit == "no ids":
            for cell in self.cells:
                cell.pop("id", None)
            self.notebook["nbformat_minor"] = 2
        elif edit == "ids where none may be":
            self.notebook["nbformat_minor"] = 4
        elif edit == "another kernel":
            self.notebook["metadata"]["kernelspec"] = {"name": "conda-env-x-py", "display_name": "Python [root]", "language": "python"}
        elif edit == "no kernel":
            self.notebook["metadata"] = {}
        elif edit == "kernel that is null":
            self.notebook["metadata"]["kernelspec"] = None
        elif edit == "delete locked cells":
            self.notebook["cells"] = [cell for cell in self.cells if not cell["metadata"].get("nbgrader", {}).get("locked")]
            self.kernel = False
        elif edit == "unmarked answer above the check":
            self.cells.insert(check, code(ANSWERS[answer]))
        elif edit == "unmarked answer below the check":
            self.cells.insert(check + 1, code(ANSWERS[answer]))
        elif edit == "marks of the check":
            self.cells[check]["metadata"]["nbgrader"] = {**self.cells[check]["metadata"].get("nbgrader", {}), "points": 1000}
        elif edit == "unmark answer":
            self.cells[here]["metadata"].pop("nbgrader", None)
        elif edit == "noise above":
            self.cells.insert(here, code(NOISE[noise]))
        elif edit == "noise in the answer's cell":
            self.cells[here]["source"] += "\n\n" + NOISE[noise]

    def retype(self, index: int, kind: str) -> None:
        cell = self.cells[index]
        cell["cell_type"] = kind
        cell.pop("outputs", None)
        cell.pop("execution_count", None)


EDITS = (
    "copy answer below",
    "copy answer above",
    "copy answer and check",
    "split: helper below",
    "split: helper above",
    "answer as markdown",
    "answer as raw",
    "check as markdown",
    "check as raw",
    "delete setup",
    "delete check",
    "delete answer",
    "no ids",
    "ids where none may be",
    "another kernel",
    "no kernel",
    "kernel that is null",
    "delete locked cells",
    "unmarked answer above the check",
    "unmarked answer below the check",
    "marks of the check",
    "unmark answer",
    "noise above",
    "noise in the answer's cell",
)
edits = st.tuples(st.sampled_from(EDITS), st.sampled_from(sorted(ANSWERS)), st.sampled_from(sorted(NOISE)))


@pytest.fixture(scope="module")
def ways() -> Iterator[Judges]:
    with judges(SLUG) as found:
        yield found


def made(answer: str, *done: tuple[str, str, str]) -> Made:
    notebook = Made(answer)
    for one in done:
        notebook.do(*one)
    return notebook


@settings(
    max_examples=MANY,
    deadline=None,
    derandomize=MANY < 100,
    database=None,
    phases=[Phase.explicit, Phase.generate],  # making the notebook smaller takes longer than reading it
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(answer=st.sampled_from(sorted(ANSWERS)), done=st.lists(edits, min_size=1, max_size=3))
def test_every_way_to_judge_a_notebook_says_the_same(ways: Judges, tmp_path: Path, answer: str, done: list[tuple[str, str, str]]) -> None:
    notebook = made(answer, *done)
    assert disagreements(ways, notebook.notebook, tmp_path, notebook.kernel) == {}, notebook.done


def test_answer_that_is_only_below_its_check_counts_everywhere(ways: Judges, tmp_path: Path) -> None:
    below = ("unmarked answer below the check", RIGHT, "")
    notebook = made("empty", below, ("unmarked answer below the check", WRONG, ""), below)
    assert disagreements(ways, notebook.notebook, tmp_path) == {}


RIGHT, WRONG = next(name for name in ANSWERS if name.startswith("right")), next(name for name in ANSWERS if name.startswith("wrong"))
KINDS = {
    "helper below the function": ([("split: helper below", "", "")], True),
    "helper above the function": ([("split: helper above", "", "")], True),
    "wrong copy below": ([("copy answer and check", WRONG, "")], False),
    "empty copy below": ([("copy answer and check", "empty", "")], True),
    "right copy below a wrong answer": ([("copy answer above", WRONG, ""), ("copy answer and check", RIGHT, "")], True),
    "answer that is markdown": ([("answer as markdown", "", "")], False),
    "answer that is raw": ([("answer as raw", "", "")], False),
    "check that is raw": ([("check as raw", "", "")], True),
    "locked cells that are missing": ([("delete locked cells", "", "")], True),
    "kernel that is null": ([("kernel that is null", "", "")], True),
    "check that is markdown": ([("check as markdown", "", "")], True),
    "check that is missing": ([("delete check", "", "")], True),
    "setup that is missing": ([("delete setup", "", "")], True),
    "ids in an old notebook": ([("ids where none may be", "", "")], True),
    "kernel that is missing": ([("no kernel", "", "")], True),
    "input()": ([("noise in the answer's cell", "", "input")], True),
    "flood of output": ([("noise in the answer's cell", "", "flood")], True),
    "words on stderr": ([("noise in the answer's cell", "", "native stderr")], True),
}


@pytest.mark.parametrize("kind", KINDS)
def test_right_answer_with_it_earns_the_same_everywhere(ways: Judges, tmp_path: Path, kind: str) -> None:
    done, full = KINDS[kind]
    notebook = made(RIGHT, *done)
    assert disagreements(ways, notebook.notebook, tmp_path, notebook.kernel) == {}
    assert (ways.by_grade(tmp_path / f"{SLUG}.ipynb") == ways.points) is full

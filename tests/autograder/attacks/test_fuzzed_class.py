"""A class of notebooks damaged at random: bytes, JSON, cells, metadata. Nobody else's grade changes, and nothing is left behind."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from autograder.sandbox import available
from tests.autograder.course_copy import SLUG, answered, clone, command, corpus, hand_in, rows

pytestmark = pytest.mark.slow
COUNT = int(os.environ.get("THREADS_FUZZED_NOTEBOOKS", "40"))
"""How many are damaged. The 2,000 of a thorough run take half an hour on two cores."""
HONEST = ("a-honest", "m-honest", "z-honest")
FULL = 10
STRANGE: tuple[Any, ...] = (None, True, -1, 1e308, "", "\ud83d", "\x1b[2J", "../../x", [], {}, [[]], {"": {}}, "x" * 100_000, 10**30)
KEYS = ("cells", "metadata", "nbformat", "nbformat_minor", "cell_type", "source", "outputs", "id", "nbgrader", "grade_id", "points", "tags")

Damage = Callable[[random.Random, bytes], bytes]


def bytes_changed(rng: random.Random, data: bytes) -> bytes:
    found = bytearray(data)
    for _ in range(rng.randint(1, 20)):
        found[rng.randrange(len(found))] = rng.randrange(256)
    return bytes(found)


def cut_or_doubled(rng: random.Random, data: bytes) -> bytes:
    here = rng.randrange(len(data))
    return rng.choice([data[:here], data[here:], data + data, data[:here] + data, b"\xef\xbb\xbf" + data, data.decode().encode("utf-16")])


def json_changed(rng: random.Random, data: bytes) -> bytes:
    """Another value, or another key, somewhere in the tree."""
    tree = json.loads(data)
    for _ in range(rng.randint(1, 4)):
        place = rng.choice(places(tree))
        if isinstance(place, dict):
            key = rng.choice([*place, rng.choice(KEYS)])
            place[key] = rng.choice(STRANGE)
        elif place:
            place[rng.randrange(len(place))] = rng.choice(STRANGE)
    return json.dumps(tree).encode()


def cells_changed(rng: random.Random, data: bytes) -> bytes:
    """Cells that are doubled, swapped, split, retyped or taken out: what is still a notebook."""
    tree = json.loads(data)
    cells = tree["cells"]
    for _ in range(rng.randint(1, 6)):
        here = rng.randrange(len(cells))
        what = rng.randrange(5)
        if what == 0:
            cells.insert(rng.randrange(len(cells)), json.loads(json.dumps(cells[here])))
        elif what == 1:
            other = rng.randrange(len(cells))
            cells[here], cells[other] = cells[other], cells[here]
        elif what == 2 and len(cells) > 1:
            del cells[here]
        elif what == 3:
            cells[here]["cell_type"] = rng.choice(["code", "markdown", "raw", "heading"])
        else:
            source = "".join(cells[here]["source"])
            middle = rng.randrange(len(source) + 1)
            cells[here : here + 1] = [{**cells[here], "source": source[:middle]}, {**cells[here], "source": source[middle:]}]
    return json.dumps(tree).encode()


def metadata_changed(rng: random.Random, data: bytes) -> bytes:
    tree = json.loads(data)
    for place in (tree["metadata"], *(cell["metadata"] for cell in tree["cells"])):
        if rng.random() < 0.4:
            place[rng.choice(KEYS)] = rng.choice(STRANGE)
        marks = place.get("nbgrader")
        if isinstance(marks, dict) and marks and rng.random() < 0.5:
            marks[rng.choice(list(marks))] = rng.choice(STRANGE)
    return json.dumps(tree).encode()


def places(tree: Any) -> list[Any]:
    """Every dictionary and list in it."""
    inside = list(tree.values()) if isinstance(tree, dict) else tree if isinstance(tree, list) else None
    return [] if inside is None else [tree, *(place for part in inside for place in places(part))]


DAMAGES: tuple[Damage, ...] = (bytes_changed, cut_or_doubled, json_changed, cells_changed, metadata_changed)


def of_the_grading(course: Path) -> list[psutil.Process]:
    return [process for process in psutil.process_iter() if str(course) in _environment(process).get("PYTHONPATH", "")]


def _environment(process: psutil.Process) -> dict[str, str]:
    try:
        return process.environ()
    except (psutil.Error, OSError):
        return {}


@pytest.mark.skipif(not available().complete, reason="there is no sandbox here: it needs Landlock and user namespaces")
def test_damaged_notebooks_cost_nobody_else_anything(tmp_path: Path) -> None:
    course, temporary = clone(tmp_path / "course"), tmp_path / "temporary"
    temporary.mkdir()
    command(course, "nbgrader", "generate_assignment", SLUG, "--force")
    right = answered(course, SLUG, next(path for path in corpus() if path.parent.name == "right"))
    for student in HONEST:
        hand_in(course, student, right)
    whole = json.dumps(right).encode()
    rng = random.Random(20261129)
    for number in range(COUNT):
        hand_in(course, f"damaged-{number:04}", DAMAGES[number % len(DAMAGES)](rng, whole))

    grading = ("autograder", "grade", SLUG, "--workers", "2", "--feedback")
    done = command(course, *grading, code=None, seconds=600 + 5 * COUNT, TMPDIR=str(temporary))

    assert done.returncode in (0, 1), done.stderr[-3000:]
    assert "Traceback" not in done.stderr
    scores: dict[str, float] = {}
    for where, _, score, *_ in rows(course)["grade"]:
        student = str(where).partition("/")[0]
        scores[student] = scores.get(student, 0.0) + float(score or 0.0)  # type: ignore[arg-type]
    assert {student: scores[student] for student in HONEST} == dict.fromkeys(HONEST, FULL)
    assert all(0 <= score <= FULL for score in scores.values())
    named = [f"damaged-{number:04}" for number in range(COUNT) if f"damaged-{number:04}" not in scores]
    assert [student for student in named if student not in done.stderr + done.stdout] == []
    assert of_the_grading(course) == []
    assert [path.name for path in temporary.iterdir()] == []

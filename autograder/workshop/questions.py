"""In which words a lesson asks for a prediction: they stand in its notebook, and belong above the answers on a projector."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from pathlib import Path

from autograder.course_folder import ROOT
from autograder.notebooks import BadNotebook, read
from courseware import catalogue
from courseware.predictions import asked_in

MARK = "**Predict.**"


@cache
def wording(folder: Path = ROOT / "lessons") -> dict[str, str]:
    """The sentence before each prediction's cell, by the prediction's name. Those that need a whole section to ask have none."""
    result = {}
    for lesson in catalogue.LESSONS:
        try:
            cells = read(folder / f"{lesson.name}.ipynb").cells
        except (OSError, BadNotebook):
            continue  # the board does without
        for text, code in pairwise(cells):
            asks = asked_in(code.source) if code.cell_type == "code" else []
            if asks and MARK in text.source:
                result[asks[0]] = text.source.partition(MARK)[2].strip()
    return result

"""What is left of a widget in a page that `jupyter nbconvert` made of an executed notebook: its static form, open, from nowhere else."""

from __future__ import annotations

import re
import warnings

import nbformat
import pytest

from tests import kernels
from tests.threadlab.widgets.test_browser import EVERY

FORMS = {
    "Race stepper": "refused: a run is active",
    "The life of a run": "Every move",
    "Three ways to wait for a run": "tight loop",
    "Predict": "the run was accepted, and nothing has been written yet",
    "Thread": "read by the run",
    "Fault knobs": "(nothing goes wrong)",
    "Cost meter": "in force since",
    "Progress": "3 of 10 points",
    "About each answer": "The answers have not been opened",
}
ANSWERS = 'from courseware import Answers\n\nAnswers("key-removed")'


@pytest.mark.slow
def test_exported_page_shows_the_static_form() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the kernel's and nbconvert's own
        from nbconvert import HTMLExporter

        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in [*EVERY, ANSWERS]])
        kernels.executed(notebook)
        page, _ = HTMLExporter().from_notebook_node(notebook)
    for title, content in FORMS.items():
        form = re.search(rf"<details[^>]*\bopen\b[^>]*><summary>{title}: static form</summary>(.*?)</section>", page, re.S)
        assert form, title
        assert content in form[1], title
    assert page.count('src="data:image/svg+xml;base64,') >= 6
    assert all("alt=" in tag for tag in re.findall(r"<img[^>]*>", page))

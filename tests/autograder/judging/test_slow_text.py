"""Text that would take a reader much longer than its length: it is left as it is, and nobody waits for it."""

import json

import pytest

from autograder.judging.cleaning import markdown
from autograder.notebooks import MOST_PARTS, MOST_SOURCE, BadNotebook, answer_in, looked_at, read_text
from threadlab.trials.guest.answer import MOST_WORK, plain


def test_cell_with_a_few_lines_for_ipython_is_rewritten() -> None:
    assert "get_ipython()" in plain("import os\n%time x = 1\n!ls\n")


def test_cell_with_lines_for_ipython_without_number_stays_as_it_is() -> None:
    source = "%time x\n" * 500 + "y = 1\n" * 2_000
    assert 500 * len(source) > MOST_WORK
    assert plain(source) == source


def test_indented_cell_with_assignments_for_ipython_without_number_is_only_unindented() -> None:
    """For each such assignment IPython reads the cell once more."""
    source = "    a = 1\n" + "    x = !ls\n" * 5_000
    assert plain(source) == source.replace("    ", "")


def test_last_cells_are_looked_at_when_there_are_too_many() -> None:
    large = "a = 1\n" * 15_000
    cells = ["def wanted(): return 1", *[large] * (MOST_SOURCE // len(large) + 1), "def wanted(): return helper", "helper = 2"]
    assert looked_at(cells)[0] == ""
    assert answer_in(cells, "wanted") == (["def wanted(): return helper"], ["helper = 2"])


@pytest.mark.parametrize("key", ["cells", "outputs"])
def test_notebook_with_parts_without_number_is_refused(key: str) -> None:
    cell = {"cell_type": "code", "metadata": {}, "source": "", "outputs": [], "execution_count": None}
    many = [{}] * (MOST_PARTS + 1)
    cells = many if key == "cells" else [{**cell, "outputs": many}]
    with pytest.raises(BadNotebook, match="more than 10,000 cells and outputs"):
        read_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode())


@pytest.mark.parametrize("text", ["\n" * 300_000, "[\n" * 300_000, "](" * 300_000])
def test_markdown_of_nothing_but_marks_is_cleaned(text: str) -> None:
    assert len(markdown(text)) <= len(text)


@pytest.mark.parametrize(
    "text",
    [
        "> [r]: javascript:alert(1)\n\n[x][r]",
        "- [r]: javascript:alert(1)\n\n[x][r]",
        "> > [r]:\n> > javascript:alert(1)\n\n[x][r]",
        "[a\\]b]: javascript:alert(1)\n\n[x][a\\]b]",
        "$\\href{javascript:alert(1)}{x}$",
    ],
)
def test_link_leads_to_no_script_wherever_it_is_defined(text: str) -> None:
    cleaned = markdown(text)
    assert "]: javascript" not in cleaned
    assert "> javascript" not in cleaned
    assert "\\href" not in cleaned


@pytest.mark.parametrize("text", ["[x](https://a.example/b)", "[r]: https://a.example\n\n[x][r]", "a[0]: the first", "$\\frac{1}{2}$"])
def test_what_cannot_act_stays_as_it_is(text: str) -> None:
    assert markdown(text) == text

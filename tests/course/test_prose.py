"""The prose of the course reads as one editor's: by our own small style, and by proselint."""

from __future__ import annotations

import itertools
import re
import tomllib
from collections.abc import Iterator
from typing import Any

import nbformat
import pytest
from proselint.checks import __register__
from proselint.config import DEFAULT
from proselint.registry import CheckRegistry
from proselint.tools import LintFile

from autograder import checks
from courseware.catalogue import LESSONS, SLUGS
from courseware.predictions import QUESTIONS
from tests.course.tiny import ROOT

CheckRegistry().register_many(__register__)
STYLE: dict[str, Any] = tomllib.loads((ROOT / "tests" / "course" / "prose_style.toml").read_text(encoding="utf-8"))
WORDS = {re.compile(pattern, re.IGNORECASE): instead for pattern, instead in STYLE["words"].items()}


def plain(markdown: str) -> str:
    """Without code, links' targets and HTML."""
    text = re.sub(r"```.*?```", "", markdown, flags=re.S)
    count = itertools.count()
    text = re.sub(r"`[^`]*`", lambda _: f"c{next(count)}x", text)
    return re.sub(r"<[^>]+>|\]\([^)]*\)|https?://\S+", " ", text)


def notebook(path: Any) -> Iterator[tuple[str, str]]:
    for cell in nbformat.read(path, as_version=4).cells:  # type: ignore[no-untyped-call]
        if cell.cell_type == "markdown":
            yield cell.id, plain(cell.source)
        else:
            yield cell.id, "\n".join(re.findall(r'(?<!["\'])# [^\n]*|"""[^"]*"""', cell.source))


def texts() -> dict[str, list[tuple[str, str]]]:
    """Every text of the course, by where it is."""
    found = {lesson.name: list(notebook(ROOT / "lessons" / f"{lesson.name}.ipynb")) for lesson in LESSONS}
    for slug in SLUGS:
        found[slug] = list(notebook(ROOT / "solutions" / slug / f"{slug}.ipynb"))
        found[slug] += [(f"hint {number}", plain(hint)) for number, hint in enumerate(checks.find(slug).hints, 1)]
    found["predictions"] = [
        (f"{name} {letter}", plain(f"{option.text}\n{option.why}\n{option.name}"))
        for name, question in QUESTIONS.items()
        for letter, option in question.options.items()
    ]
    for page in sorted((ROOT / "docs").glob("*.md")):
        found[f"docs/{page.name}"] = [("", plain(page.read_text(encoding="utf-8")))]
    return found


TEXTS = texts()
places = pytest.mark.parametrize("place", TEXTS)


@places
def test_words_are_those_of_the_style(place: str) -> None:
    faults = [
        f"{cell}: “{text[max(0, one.start() - 30) : one.end() + 30]}”; better: {instead}"
        for cell, text in TEXTS[place]
        for pattern, instead in WORDS.items()
        for one in pattern.finditer(text)
    ]
    assert not faults, "\n".join(faults)


@places
def test_proselint_finds_nothing(place: str) -> None:
    on = {name: name in STYLE["proselint"]["on"] for name in DEFAULT["checks"]}
    faults = []
    for cell, text in TEXTS[place]:
        for one in LintFile(f"{place}-{cell}", content=text.replace("\n\n", "\n.\n") or " ").lint({"max_errors": 1000, "checks": on}):
            faults.append(f"{cell}: {one.check_result.message}")
    assert not faults, "\n".join(faults)


@places
def test_sentences_are_short(place: str) -> None:
    """The longest sentence of running text has 60 words; lists, tables and code are not sentences."""
    long = []
    for cell, text in TEXTS[place]:
        running = [line for block in text.split("\n\n") if not re.match(r"\s*([|#*-]|\d+\.)", block) for line in [block.replace("\n", " ")]]
        long += [f"{cell}: {one}" for block in running for one in re.split(r"(?<=[.!?:;])\s", block) if len(one.split()) > 60]
    assert not long, "\n".join(long)


def test_faults_are_found() -> None:
    """The tools see what they are there for."""
    on = {name: name in STYLE["proselint"]["on"] for name in DEFAULT["checks"]}
    assert LintFile("a", content="This is a very unique answer.").lint({"max_errors": 9, "checks": on})
    assert any(pattern.search("Nobody knows what becomes of it.") for pattern in WORDS)

"""`course.py new-exercise SLUG`: everything that an exercise needs, laid down as a small one that works, to be rewritten piece by piece."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import nbformat
from nbformat import v4

from autograder.course_folder import ROOT
from autograder.notebooks import CHECK, marks, solution
from courseware import catalogue
from threadlab.errors import ThreadlabError

TEMPLATE = Path(__file__).with_name("template")
CATALOGUE = ROOT / "courseware" / "catalogue.py"
SLUG, NAME, TITLE = "a-new-exercise", "a_new_exercise", "A new exercise"
"""What stands in the template for the exercise's own slug, name and title."""
POINTS = 5
"""Of the template's behaviours together."""
INDENT = " " * 8
HINTS = """## Stuck?

There are three hints. The first is a nudge, the last is nearly the answer: change the number to read the second or third."""


def make(slug: str, lesson: str, title: str, minutes: int, root: Path = ROOT) -> list[Path]:
    """Write the files of a new exercise and its row in the catalogue; returns where they are. Raises ThreadlabError, and writes nothing
    then, for a slug that is not valid or is taken, and for a lesson that there is not."""
    about = _lesson(lesson)
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", slug):
        raise ThreadlabError(f"{slug!r} is not a valid slug: use lower-case words joined by hyphens, such as second-turn.")
    words = {SLUG: slug, NAME: slug.replace("-", "_"), TITLE: title, "NN": about.number, "LESSON": about.name, "MINUTES": str(minutes)}
    files = _files(words, root)
    existing = [path for path in files if path.exists()]
    if slug in catalogue.SLUGS or existing:
        raise ThreadlabError(f"There is an exercise {slug} already: {existing[0] if existing else CATALOGUE}.")
    old = CATALOGUE.read_text(encoding="utf-8")
    new = with_row(old, about.name, f'Exercise("{slug}", {_quoted(title)}, {minutes}, {POINTS})')
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    CATALOGUE.write_text(new, encoding="utf-8")
    readme = root / "README.md"
    readme.write_text(_listed(readme.read_text(encoding="utf-8"), new), encoding="utf-8")
    return [*files, CATALOGUE, readme]


def _quoted(text: str) -> str:
    """As the formatter writes a string: in double quotes, unless it holds some."""
    return repr(text) if '"' in text or "\\" in text else f'"{text}"'


def _lesson(number: str) -> catalogue.Lesson:
    for one in catalogue.LESSONS:
        if number in (one.number, one.name):
            return one
    raise ThreadlabError(f"There is no lesson {number}. There are: {', '.join(one.number for one in catalogue.LESSONS)}.")


def _files(words: dict[str, str], root: Path) -> dict[Path, str]:
    slug, name = words[SLUG], words[NAME]
    files = {
        solution(slug): nbformat.writes(_notebook(words)) + "\n",  # type: ignore[no-untyped-call]
        root / "autograder" / "checks" / f"{name}.py": _filled("check.txt", words),
        root / "tests" / "autograder" / "checks" / f"test_{name}.py": _filled("test.txt", words),
    }
    for path in sorted(TEMPLATE.glob("*/*.txt")):
        kind = path.parent.name
        files[root / "autograder" / "known_answers" / slug / kind / f"{path.stem}.py"] = _filled(f"{kind}/{path.name}", words)
    return files


def _filled(name: str, words: dict[str, str]) -> str:
    text = (TEMPLATE / name).read_text(encoding="utf-8")
    for word, meant in words.items():
        text = re.sub(rf"\b{word}\b|(?<=test_scenes_of_){word}", lambda _, meant=meant: meant, text)  # type: ignore[misc]
    return text


def _notebook(words: dict[str, str]) -> Any:
    format_v4: Any = v4  # has no types
    slug, name = words[SLUG], words[NAME]
    setup = "%load_ext threadlab\nfrom openai import OpenAI\n\nfrom autograder import check, hint"
    cells = [
        format_v4.new_markdown_cell(_filled("statement.txt", words).strip(), id="title"),
        format_v4.new_code_cell(setup, id="setup", metadata=marks("setup")),
        format_v4.new_markdown_cell(_filled("task.txt", words).strip(), id="task"),
        format_v4.new_code_cell(_filled("solution.txt", words).strip(), id=slug, metadata=marks(name, solution=True, locked=False)),
        format_v4.new_markdown_cell("Try it on the service that runs beside this notebook.", id="try-it"),
        format_v4.new_code_cell(_filled("try.txt", words).strip(), id="try"),
        format_v4.new_code_cell(f'check("{slug}")', id=f"check-{slug}", metadata=marks(CHECK + name, points=POINTS)),
        format_v4.new_markdown_cell(HINTS, id="hints"),
        format_v4.new_code_cell(f'hint("{slug}", 1)', id="hint"),
    ]
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    return format_v4.new_notebook(cells=cells, metadata={"kernelspec": kernel, "language_info": {"name": "python"}})


def with_row(source: str, lesson: str, row: str) -> str:
    """The catalogue's source with one more exercise in a lesson. Raises ThreadlabError when the lesson's row is not where it was."""
    for node in ast.walk(ast.parse(source)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "_lesson" and node.args):
            continue
        if isinstance(node.args[0], ast.Constant) and node.args[0].value == lesson:
            listed = [ast.get_source_segment(source, one) or "" for one in node.args]
            call = "_lesson(\n" + "".join(f"{INDENT}{one},\n" for one in [*listed, row]) + "    )"
            return source.replace(ast.get_source_segment(source, node) or "", call, 1)
    raise ThreadlabError(f"{CATALOGUE} has no row for {lesson}.")


def _listed(readme: str, source: str) -> str:
    """README with the new catalogue's table and totals in the place of the old ones."""
    module = ModuleType("as_it_will_be")
    exec(compile(source, str(CATALOGUE), "exec"), vars(module))
    return readme.replace(catalogue.table(), module.table()).replace(catalogue.totals(), module.totals())

"""The lessons."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import nbformat
import pytest

from courseware.predictions import QUESTIONS
from tests import kernels
from tests.course.tiny import ROOT

NOTEBOOKS = sorted((ROOT / "lessons").glob("*.ipynb"))
TURN = "send → confirm → run → wait → read → record"
PARTS = (
    "**Time:**",
    "**After this lesson you can**",
    "## Recall",
    "## The situation",
    "**Predict.**",
    "## Worked example",
    "## A smaller one to ",
    "## Graded exercise",
    "## The same in Conversations and Responses",
    "## Key points",
)
README = ROOT / "README.md"
SECONDS = 60
"""What a lesson may take, run from top to bottom; each takes a fifth of it."""

GIVEN_AWAY = {
    "pages-of-twenty": r"\btwenty\b|\b20\b",
    "waits-for-completed": r"for ever|waiting still|still waiting",
    "async-sixth": r"once a week",
    "silent-task": r"nobody hears|nothing was raised|silen(t|ce)",
    "lost-reply": r"duplicate|twice",
    "own-active-run": r"good news|our own run",
    "limit-in-the-middle": r"without (a|any) 429",
    "four-times-the-turns": r"fifteen|square",
    "outside-the-window": r"walnut",
    "age-of-a-thread": r"every week",
    "slow-tool": r"expire",
    "stream-breaks": r"next day|whole answer",
    "one-request": r"overtake",
    "where-it-breaks": r"good weather|fair weather",
}
"""What once gave a question away, before it was asked."""

lessons = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)


def prose(path: Path) -> str:
    return "\n\n".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")


def code(path: Path) -> list[str]:
    return [cell.source for cell in read(path).cells if cell.cell_type == "code"]


def test_there_are_lessons() -> None:
    assert NOTEBOOKS


# ---- the format -------------------------------------------------------------------------------------------------------------------------


@lessons
def test_lesson_is_as_nbformat_writes_it(path: Path) -> None:
    """Otherwise the first save in JupyterLab changes every line."""
    notebook = read(path)
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert path.read_text(encoding="utf-8") == nbformat.writes(notebook) + "\n"


@lessons
def test_kernel_exists_on_every_computer(path: Path) -> None:
    spec = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    assert read(path).metadata == {"kernelspec": spec, "language_info": {"name": "python"}}


@lessons
def test_lesson_is_saved_without_outputs(path: Path) -> None:
    for cell in read(path).cells:
        if cell.cell_type == "code":
            assert (cell.outputs, cell.execution_count) == ([], None), cell.id


@lessons
def test_cell_ids_are_words(path: Path) -> None:
    for cell in read(path).cells:
        assert re.fullmatch(r"[a-z]+(-[a-z]+|-\d{1,2})*", cell.id), cell.id
        assert cell.metadata == {}, cell.id


# ---- the lesson's shape -----------------------------------------------------------------------------------------------------------------


@lessons
def test_every_part_is_there_in_order(path: Path) -> None:
    text = prose(path)
    assert text.startswith(f"# {path.stem[:2]} · ")
    places = [text.find(part) for part in PARTS]
    assert -1 not in places, [part for part, place in zip(PARTS, places, strict=True) if place < 0]
    assert places == sorted(places)


@lessons
def test_progress_stands_at_the_head(path: Path) -> None:
    assert code(path)[0] == f'from autograder import standing\n\nstanding("{path.stem[:2]}")'


@lessons
def test_lesson_ends_with_three_recall_questions(path: Path) -> None:
    recall = prose(path).partition("## Recall")[2].partition("## The situation")[0]
    assert recall.count("<details><summary>") == recall.count("</details>") == 3


@lessons
def test_parts_of_a_turn_are_labelled(path: Path) -> None:
    assert TURN in prose(path)
    marked = "\n".join(code(path)) + prose(path).lower()
    for label in TURN.split(" → "):
        assert re.search(rf"(^|\n)#+ ([a-z, ]+ )?{label}\b", marked), label


@lessons
def test_labels_that_are_shown_are_asked_for(path: Path) -> None:
    """Lesson 00 shows all six labels of a turn. From then on the learner has to find some of them."""
    asked = prose(path).partition("## A smaller one to ")[2].partition("## Graded exercise")[0]
    assert path.stem.startswith("00") or re.search(r"\blabels?\b", asked)


@lessons
def test_every_prediction_has_predict_and_reveal(path: Path) -> None:
    """Each question of the lesson is committed once, then shown, then revealed once; no other is asked."""
    calls = [
        (where, *call) for where, source in enumerate(code(path)) for call in re.findall(r'^(predict|reveal)\("([\w-]+)"', source, re.M)
    ]
    asked = [name for name, question in QUESTIONS.items() if question.lesson == path.stem[:2]]
    committed = {name: where for where, verb, name in calls if verb == "predict"}
    revealed = {name: where for where, verb, name in calls if verb == "reveal"}
    assert sorted(committed) == sorted(revealed) == sorted(asked)
    assert len(calls) == 2 * len(asked)
    for name in asked:
        assert revealed[name] > committed[name] + 1, f"{name}: nothing is shown between the prediction and its answer"


@lessons
def test_prediction_comes_before_what_it_is_about(path: Path) -> None:
    """Between a question and the cell that commits an answer to it nothing runs."""
    cells = read(path).cells
    for where, cell in enumerate(cells):
        if cell.cell_type == "markdown" and "**Predict.**" in cell.source:
            following = next(one.source for one in cells[where:] if one.cell_type == "code")
            assert following.startswith('predict("'), cell.id


@lessons
def test_options_stand_in_the_widget_and_not_in_the_text(path: Path) -> None:
    text = prose(path)
    for name, question in QUESTIONS.items():
        if question.lesson == path.stem[:2]:
            assert not any(f"— {option.text}" in text for option in question.options.values()), name


@lessons
def test_prediction_is_left_blank(path: Path) -> None:
    for source in code(path):
        for call in re.findall(r"^predict\(.*$", source, re.M):
            assert re.fullmatch(r'predict\("[\w-]+"\)', call), source


@lessons
def test_predictions_are_not_given_away(path: Path) -> None:
    """Neither the objectives nor the situation nor a heading says what a question asks for: the words in which the answer is told."""
    text = prose(path)
    before = text.partition("## Recall")[0] + text.partition("## The situation")[2].partition("\n## ")[0]
    headings = "\n".join(re.findall(r"^#+ .*$", text, re.M))
    for name, told in GIVEN_AWAY.items():
        if QUESTIONS[name].lesson == path.stem[:2]:
            assert not re.search(told, before + headings, re.IGNORECASE), f"{name}: {told}"


@lessons
def test_lesson_says_who_answers_and_since_when(path: Path) -> None:
    """The scripted responder is called that, and what ages has a date."""
    text = prose(path)
    assert re.search(r"November 2026|2026-\d\d-\d\d", text)
    assert "not a model" in text or path.stem[:2] != "00"


# ---- links, pictures, places ------------------------------------------------------------------------------------------------------------

LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")


def texts() -> list[Any]:
    return [pytest.param(path, prose(path), id=path.stem) for path in NOTEBOOKS] + [
        pytest.param(README, README.read_text(encoding="utf-8"), id="README")
    ]


@pytest.mark.parametrize(("path", "text"), texts())
def test_every_link_leads_somewhere(path: Path, text: str) -> None:
    headings = [re.sub(r"[^\w\- ]", "", line.lstrip("# ").lower()).replace(" ", "-") for line in text.splitlines() if line.startswith("#")]
    for _, _, target in LINK.findall(text):
        if target.startswith("#"):
            assert target[1:] in headings, target
        elif not target.startswith("https://"):
            assert (path.parent / target.partition("#")[0]).exists(), target


@pytest.mark.parametrize(("path", "text"), texts())
def test_every_picture_has_alternative_text(path: Path, text: str) -> None:
    for mark, alternative, target in LINK.findall(text):
        assert not mark or len(alternative) > 40, f"{path.name}: {target}"
    assert all(re.search(r'\balt="[^"]{40,}"', tag) for tag in re.findall(r"<img[^>]*>", text))


@pytest.mark.parametrize("path", sorted((ROOT / "lessons" / "images").glob("*.svg")), ids=lambda path: path.name)
def test_every_drawing_has_a_title_and_a_description(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert 'role="img"' in text
    assert re.search(r"<title>.+</title>\s*<desc>.{40,}</desc>", text)


@pytest.mark.parametrize(("path", "text"), texts())
def test_no_path_is_of_one_computer(path: Path, text: str) -> None:
    found = re.search(r"(?<![\w./])/(home|Users|root|work|tmp)/\S*|[A-Z]:\\\\?Users", text + path.read_text(encoding="utf-8"))
    assert found is None, found


def test_program_in_the_readme_runs() -> None:
    program = next(block for block in re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.S) if "Service(" in block)
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.stdout.startswith("The capital of France is Paris.")


def test_readme_names_every_lesson() -> None:
    """Each row of its table leads to the lesson of that number."""
    listed = dict(re.findall(r"^\| (\d\d) \| \[[^|]+\]\(lessons/([\w-]+)\.ipynb\) \|", README.read_text(encoding="utf-8"), re.M))
    assert listed == {path.stem[:2]: path.stem for path in NOTEBOOKS}
    assert list(listed) == [f"{number:02}" for number in range(14)]


# ---- it runs ----------------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def settings(tmp_path: Path) -> Any:
    """An environment with a local server of its own, and no way to the network."""
    nowhere = "http://127.0.0.1:9"
    own = {"THREADLAB_HOME": str(tmp_path), "PYTHONPATH": str(ROOT), "HTTP_PROXY": nowhere, "HTTPS_PROXY": nowhere, "ALL_PROXY": nowhere}
    env = {name: value for name, value in os.environ.items() if not name.startswith("OPENAI_")} | own
    yield env
    subprocess.run([sys.executable, "-m", "threadlab", "stop"], env=env, cwd=ROOT, check=False, capture_output=True)


@pytest.mark.slow
@lessons
def test_lesson_runs_without_errors_or_warnings(path: Path, settings: dict[str, str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # nbclient's and the kernel's own
        notebook = read(path)
        kernels.executed(notebook, env=settings, folder=path.parent, seconds=SECONDS)
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            assert output.get("name") != "stderr", f"{cell.id}: {output.text}"
            assert output.output_type != "error", cell.id
            html = output.get("data", {}).get("text/html", "")
            assert all("alt=" in tag for tag in re.findall(r"<img[^>]*>", html)), cell.id


# ---- what is left to complete -----------------------------------------------------------------------------------------------------------


def completed(path: Path) -> Any:
    """The lesson with the answer of its own "One way to write it" in the cell that is left to complete; None where there is no function."""
    notebook = read(path)
    for place, cell in enumerate(notebook.cells):
        if cell.cell_type == "code" and "# yours" in cell.source and "Done." in cell.source:
            told = "\n\n\n".join(re.findall(r"```python\n((?:async )?def .*?)```", notebook.cells[place + 1].source, re.S))
            answers = {node.name: ast.unparse(node) for node in ast.parse(told).body if hasattr(node, "name")}
            tree = ast.parse(cell.source)
            stubs = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name in answers]
            assert stubs, f"{path.stem}: the answer has none of the functions to complete"
            tree.body = [ast.parse(answers[node.name]).body[0] if node in stubs else node for node in tree.body]
            cell.source = ast.unparse(tree)
            notebook.cells = notebook.cells[: place + 1]
            return notebook
    return None


@pytest.mark.slow
@lessons
def test_own_answer_completes_the_smaller_one(path: Path, settings: dict[str, str]) -> None:
    notebook = completed(path)
    if notebook is None:
        pytest.skip("this lesson has nothing with a function to complete")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        kernels.executed(notebook, env=settings, folder=path.parent, seconds=SECONDS)
    shown = "".join(output.get("text", "") for output in notebook.cells[-1].outputs)
    assert "Done." in shown, shown

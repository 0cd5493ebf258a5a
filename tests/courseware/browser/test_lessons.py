"""Every lesson runs from top to bottom in a tab that reaches nothing but its own site, and shows what it shows on the desktop."""

from __future__ import annotations

import difflib
import itertools
import os
import re
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests import kernels
from tests.courseware.browser.conftest import ARTIFACTS, ROOT
from tests.courseware.browser.tab import Tab, failed, text_of

LESSONS = sorted(path.stem for path in (ROOT / "lessons").glob("*.ipynb"))

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("browser_edition")]


@pytest.mark.parametrize("lesson", LESSONS)
def test_lesson_shows_what_it_shows_on_the_desktop(returning_tab: Tab, lesson: str, tmp_path: Path) -> None:
    desktop = on_the_desktop(lesson, tmp_path)
    returning_tab.visit(f"lessons/{lesson}.ipynb")
    returning_tab.execute("import os; os.environ['THREADS_READING'] = '1'")  # nothing waits for a prediction
    returning_tab.run_all()
    cells = returning_tab.cells()
    returning_tab.page.picture(ARTIFACTS / f"{lesson}.png")
    assert failed(cells) == []
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert [cell["id"] for cell in code if not cell["execution_count"] and "".join(cell["source"]).strip()] == []
    said = "\n".join(text_of(cell) for cell in code)
    assert "inside this browser tab" in said
    starts_programs = any(re.search(r"kill_after|kill_when|run_program|Backend\(", "".join(cell["source"])) for cell in code)
    assert (NO_PROCESSES in said) == starts_programs
    here, there = shown(cells), shown(desktop)
    assert here == there, "\n".join(difflib.unified_diff(there, here, "desktop", "tab", lineterm="", n=1))


NO_PROCESSES = "A browser tab has no processes"
DIFFERS = re.compile(
    NO_PROCESSES
    + r"|this notebook talks to the course's own Threads service|^OPENAI_BASE_URL and OPENAI_API_KEY are set|^Starting the Threads service"
)
"""Lines that say where the service is and that it starts, and what a tab does not have."""
TALLY = re.compile(r"\] +# × ")
"""A line that says how often something was seen: those that are as frequent stand in any order."""

PASSING = (
    (re.compile(r"\x1b\[[\d;]*m"), ""),
    (re.compile(r"(/private)?(/var/folders|/tmp|/[\w/.-]*pytest[\w/.-]*)/[\w./-]+"), "/…"),
    (re.compile(r"\b(thread|run|msg|asst|step|call|resp|conv|file|vs|fc|item|req)[_-]\w+…?"), r"\1_…"),
    (re.compile(r"sk-[\w-]+"), "sk-…"),
    (re.compile(r"https?://[\w.:]+/v1/?"), "http://…"),
    (re.compile(r"\b0x[0-9a-f]+\b"), "0x…"),
    (re.compile(r"\d+(\.\d+)?( ?(s|ms|seconds|MB|kB)\b)?"), "#"),
)
"""What is not the same twice: colours, places, ids, keys, addresses and every number. Dates and times among them.

Places come before ids: the random part of a temporary folder's name can look like one (`tmpk0xf3q`)."""


def shown(cells: list[Any]) -> list[str]:
    """What the cells show as text, a line each, without what passes."""
    lines = []
    for cell in cells:
        if cell["cell_type"] == "code":
            # However a stream was cut into pieces: it is one text. Anything else begins a line of its own.
            text = "".join(_text(one) if one["output_type"] == "stream" else f"\n{_text(one)}\n" for one in cell["outputs"])
            lines += [f"[{cell['id']}] {_settled(line)}" for line in text.splitlines() if line.strip() and not DIFFERS.search(line)]
    lines = [line for line in lines if not re.search(r"\] (queued|in_progress)$", line)]  # how often that is seen is a matter of time
    grouped = itertools.groupby(lines, key=lambda line: bool(TALLY.search(line)))
    return [line for tally, group in grouped for line in (sorted(group) if tally else group)]


def _text(output: Any) -> str:
    if output["output_type"] == "stream":
        return "".join(output["text"])
    if "application/vnd.jupyter.widget-view+json" in output.get("data", {}):
        return "widget"
    return "".join(output.get("data", {}).get("text/plain", output.get("evalue", "")))


def _settled(line: str) -> str:
    for pattern, instead in PASSING:
        line = pattern.sub(instead, line)
    return line.rstrip()


def on_the_desktop(lesson: str, folder: Path) -> list[Any]:
    """The lesson's cells after a run in an ordinary kernel, with a service of its own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        notebook = nbformat.read(ROOT / "lessons" / f"{lesson}.ipynb", as_version=4)  # type: ignore[no-untyped-call]
        env = {**os.environ, "THREADLAB_HOME": str(folder / "home"), "PYTHONPATH": str(ROOT), "THREADS_READING": "1"}
        env["THREADS_PROGRESS"] = str(folder / "progress.json")  # in the tab nothing was passed either
        try:
            kernels.executed(notebook, env=env, folder=ROOT / "lessons", seconds=300)
        finally:
            subprocess.run([sys.executable, "-P", "-m", "threadlab", "stop"], env=env, cwd=ROOT, check=False, capture_output=True)
    return list(notebook.cells)

"""Builds the site: executes the lessons, copies the pages, links the glossary, and runs Sphinx."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat

from courseware.catalogue import EXERCISES, LESSONS, totals
from courseware.predictions import asked_in

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SECONDS = 120
"""What a lesson may take."""
GUIDES = {"autograder/README.md": "Teacher's guide", "threadlab/README.md": "The service by itself"}
BROWSER = "browser"
"""The folder of the browser edition below the site."""
WIDGET = "application/vnd.jupyter.widget-view+json"


class NotBuilt(Exception):
    """The site could not be built; the text says why."""


# ---- lessons ----------------------------------------------------------------------------------------------------------------------------


def executed(path: Path, env: dict[str, str]) -> Any:
    """A lesson with its outputs. Raises NotBuilt when a cell fails."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from nbclient import NotebookClient
        from nbclient.exceptions import CellExecutionError

        notebook: Any = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
        client = NotebookClient(notebook, timeout=SECONDS, kernel_name="python3", resources={"metadata": {"path": str(path.parent)}})
        try:
            # Not `execute`, which leaves its event loop open. The kernel's stderr is what it says about itself.
            asyncio.run(client.async_execute(env=env, stderr=subprocess.DEVNULL))
        except CellExecutionError as error:
            raise NotBuilt(f"{path.name}: a cell fails: {str(error)[-500:]}") from error
    return for_reading(notebook)


def for_reading(notebook: Any) -> Any:
    """Outputs between a prediction and its answer are folded, widgets are left out (their static form follows), checks too."""
    open_: set[str] = set()
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        predictions = asked_in(cell.source)
        revealed = re.findall(r'^reveal\("([\w-]+)"', cell.source, re.M)
        open_ -= set(revealed)
        tags = []
        if predictions or revealed or cell.source.startswith(("from autograder", "%load_ext")):
            tags.append("remove-input")
        elif open_:
            tags.append("hide-output")
        if cell.source.startswith(("from autograder", "%load_ext")):
            tags.append("remove-output")
        open_ |= set(predictions)
        cell.metadata["tags"] = tags
        cell.outputs = [output for output in cell.outputs if WIDGET not in output.get("data", {})]
        for output in cell.outputs:
            html = output.get("data", {}).get("text/html")
            if html:
                output["data"]["text/html"] = _page_html(html)
            if "text" in output:
                output["text"] = output["text"].replace(str(ROOT), "…")
    notebook.metadata.pop("widgets", None)
    return notebook


def _page_html(html: str) -> str:
    """A widget's static form without the folding around it; headings one level deeper than those of the page."""
    html = re.sub(r"^<details open class=\"threadlab-static-[^\"]*\"><summary>.*?</summary>(.*)</details>$", r"\1", html, flags=re.S)
    return re.sub(r"<(/?)h[34]>", r"<\1strong>", html)


@contextmanager
def service_of_its_own() -> Iterator[dict[str, str]]:
    """The environment of the kernels: a local service of their own, ended afterwards."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        own = {"THREADLAB_HOME": home, "PYTHONPATH": str(ROOT), "THREADS_READING": "1", "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
        env = {name: value for name, value in os.environ.items() if not name.startswith("OPENAI_")} | own
        try:
            yield env
        finally:
            subprocess.run([sys.executable, "-m", "threadlab", "stop"], env=env, cwd=ROOT, check=False, capture_output=True)


# ---- glossary ---------------------------------------------------------------------------------------------------------------------------


def terms() -> dict[str, str]:
    """The glossary's words with their anchors, the longest first."""
    headings = re.findall(r"^### (.+)$", (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8"), re.M)
    return {term: term.replace(" ", "-") for term in sorted(headings, key=len, reverse=True)}


def link_terms(notebook: Any, glossary: dict[str, str]) -> None:
    """Link the first use of each word of the glossary, in running text only."""
    left = {term: anchor for term, anchor in glossary.items() if term not in NOT_LINKED}
    for cell in notebook.cells:
        if cell.cell_type != "markdown":
            continue
        blocks, fenced = cell.source.split("\n\n"), False
        for number, block in enumerate(blocks):
            inside, fenced = fenced, fenced ^ (block.count("```") % 2 == 1)
            if inside or "```" in block or re.match(r"\s*([#|>!<`-]|\d+\.|\*\*(Time|Predict|Previous|Next|Sources))", block):
                continue
            blocks[number] = _linked(block, left)
        cell.source = "\n\n".join(blocks)


NOT_LINKED = {"conversation"}
"""A word of every day, too, and used as such almost everywhere."""
GUARDS = {
    "key": (r"(?<=own )", ""),
    "run": (r"(?<!and )(?<!to )(?<!One )(?<!will )", ""),
    "turn": ("", r"(?! (?:out|off|on|it)\b)"),
    "window": (r"(?<!Two )", r"(?!s of the same customer)"),
}
"""What must stand before and after a word that has another meaning as well."""


def _linked(block: str, left: dict[str, str]) -> str:
    pieces = re.split(r"(`[^`]*`|!?\[[^\]]*\]\([^)]*\)|<[^>]+>|\*\*[^*]*\*\*)", block)
    for term, anchor in list(left.items()):
        for number in range(0, len(pieces), 2):
            before, after = GUARDS.get(term, ("", ""))
            new, count = re.subn(
                rf"{before}\b({re.escape(term)}){after}(?=s?\b)(?!-)", rf"[\1](../docs/glossary.md#{anchor})", pieces[number], count=1
            )
            if count:
                # split again, so that no link goes into a link
                pieces[number : number + 1] = re.split(r"(\[[^\]]*\]\([^)]*\))", new)
                del left[term]
                break
    return "".join(pieces)


# ---- pages ------------------------------------------------------------------------------------------------------------------------------


def with_button(notebook: Any, path: str) -> Any:
    """The page, with a button that opens the same notebook in the browser edition."""
    up = "../" * path.count("/")
    what = "lesson" if path.startswith("lessons/") else "exercise"
    button = f'<a class="threads-run" href="{up}{BROWSER}/?path={path}">▶ Run this {what} in your browser</a>'
    heading, _, rest = notebook.cells[0].source.partition("\n")
    notebook.cells[0].source = f"{heading}\n\n{button}\n{rest}"
    return notebook


def index(with_browser: bool) -> str:
    run_it = f'Or <a href="{BROWSER}/">run it in your browser</a>, with nothing to install.' if with_browser else ""
    lessons = "\n".join(f"lessons/{lesson.name}" for lesson in LESSONS)
    exercises = "\n".join(f"exercises/{one.slug}/{one.slug}" for one in EXERCISES)
    pages = sorted(path.stem for path in (ROOT / "docs").glob("*.md"))
    first = [name for name in ("cheat-sheet", "glossary", "laboratory", "facts") if name in pages]
    docs = "\n".join(f"docs/{name}" for name in [*first, *(name for name in pages if name not in first)])
    guides = "\n".join(f"{title} <{path.removesuffix('.md')}>" for path, title in GUIDES.items())
    return f"""# Threads: conversations kept by a server

A hands-on course. {totals()}. You can read it here, with all outputs and pictures. To work through it, get the course and run
`python3 course.py lab`: it needs no key and no network, and the exercises are checked by what your code does. {run_it}

Who answers in the lessons? A scripted geography expert: a lookup in a table of countries. It is not a model.

![Two timelines of the same code. Left: the message arrives before the run, which reads it. Right: the run arrives first, and the message is
refused.](lessons/images/race.svg)

```{{toctree}}
:caption: Lessons
:maxdepth: 1

{lessons}
```

```{{toctree}}
:caption: Exercises
:maxdepth: 1

{exercises}
```

```{{toctree}}
:caption: Reference
:maxdepth: 1

{docs}
{guides}
```
"""


def write_pages(folder: Path, with_browser: bool) -> None:
    """Everything that Sphinx reads."""
    button = with_button if with_browser else lambda notebook, path: notebook
    glossary = terms()
    with service_of_its_own() as env, ThreadPoolExecutor(2) as pool:
        paths = [ROOT / "lessons" / f"{lesson.name}.ipynb" for lesson in LESSONS]
        for path, notebook in zip(paths, pool.map(lambda one: executed(one, env), paths), strict=True):
            link_terms(notebook, glossary)
            _write(button(notebook, f"lessons/{path.name}"), folder / "lessons" / path.name)
    shutil.copytree(ROOT / "lessons" / "images", folder / "lessons" / "images")
    for one in EXERCISES:
        source = ROOT / "exercises" / one.slug / f"{one.slug}.ipynb"
        notebook = nbformat.read(source, as_version=4)  # type: ignore[no-untyped-call]
        page = button(statement(notebook), source.relative_to(ROOT).as_posix())
        _write(page, folder / "exercises" / one.slug / source.name)
    for page in [*(ROOT / "docs").glob("*.md"), *(ROOT / name for name in GUIDES), ROOT / "README.md"]:
        target = folder / page.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(page, target)
    (folder / "README.md").unlink()
    (folder / "index.md").write_text(index(with_browser), encoding="utf-8")
    static = folder / "_static"
    static.mkdir()
    shutil.copy(HERE / "threads.css", static)
    shutil.copy(HERE / "threads.js", static)
    shutil.copy(HERE / "conf.py", folder)


def statement(notebook: Any) -> Any:
    """An exercise to read: its statement and its blank."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
            cell.metadata["tags"] = ["remove-cell"] if cell.source.startswith(("check(", "hint(")) else []
    return notebook


def _write(notebook: Any, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)  # type: ignore[no-untyped-call]


def build(target: Path, with_browser: bool = False) -> None:
    """Write the site to `target`; with the browser edition below it, and a button on every page that leads there. Raises NotBuilt."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
        folder = Path(temporary) / "pages"
        folder.mkdir()
        write_pages(folder, with_browser)
        done = subprocess.run(
            [sys.executable, "-m", "sphinx", "-q", "-b", "html", "-d", f"{temporary}/doctrees", str(folder), str(target)],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise NotBuilt(done.stderr[-2000:])
        if done.stderr:
            print(done.stderr.replace(str(folder), "…")[-4000:], file=sys.stderr)
    if with_browser:
        from courseware.browser.build import build as build_browser
        from courseware.browser.problem import BuildProblem

        try:
            build_browser(target / BROWSER, lambda text: None)
        except BuildProblem as problem:
            raise NotBuilt(str(problem)) from problem
    (target / ".nojekyll").touch()  # GitHub Pages: folders that begin with an underscore are part of the site


def main(arguments: list[str]) -> int:
    import argparse

    parser = argparse.ArgumentParser(prog="python3 course.py site", description="Build the course as a site to read.")
    parser.add_argument("folder", type=Path, metavar="DIR", help="where it goes; made if it is missing")
    parser.add_argument("--browser", action="store_true", help="with the browser edition, and a button on every page that runs it there")
    options = parser.parse_args(arguments)
    print("Running every lesson for its outputs, then building the pages: this takes a minute or two.", flush=True)
    try:
        build(options.folder, options.browser)
    except NotBuilt as error:
        print(f"The site was not built: {error}", file=sys.stderr)
        return 1
    print(f"The site is in {options.folder}: open {options.folder / 'index.html'}.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

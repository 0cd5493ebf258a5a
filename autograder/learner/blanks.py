"""The blank notebook of an exercise, as it was handed out: to begin again without losing what was written."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from autograder.course_folder import ROOT
from autograder.learner.progress import touched
from autograder.notebooks import BadNotebook, read, released, write
from threadlab.errors import ThreadlabError

KEPT = ROOT / "autograder" / "blanks"
"""In a learners' copy of the course the blanks are here, as there is no git history to ask."""


def blank(slug: str) -> NotebookNode:
    """The exercise's notebook without answers. Raises ThreadlabError when neither the copy nor git has one."""
    kept_file = KEPT / f"{slug}.ipynb"
    if kept_file.exists():
        return read(kept_file)
    path = f"exercises/{slug}/{slug}.ipynb"
    for revision in _revisions(path):
        committed = _git("show", f"{revision}:{path}")
        if committed is not None:
            notebook: NotebookNode = nbformat.reads(committed, as_version=4)  # type: ignore[no-untyped-call]
            if not touched(notebook):
                return notebook
    raise ThreadlabError(f"The blank notebook of {slug} is not at hand. Get {path} from the course again.")


def _revisions(path: str) -> list[str]:
    return (_git("log", "--format=%H", "-n", "50", "--", path) or "").split()


def _git(*words: str) -> str | None:
    try:
        done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=False)
    except OSError:
        return None
    return done.stdout if done.returncode == 0 else None


def reset(slug: str) -> Path:
    """Put the blank in the place of the learner's notebook, which is kept beside it; returns where. Raises ThreadlabError."""
    fresh = blank(slug)
    path = released(slug)
    if not path.exists():
        raise BadNotebook(f"There is no notebook {path}.")
    aside = path.with_name(f"{slug}.{time.strftime('%Y-%m-%d-%H%M%S')}.old.ipynb")
    shutil.copy2(path, aside)
    write(fresh, path)
    return aside

"""`course.py blank EXERCISE`: the learners' notebook of an exercise, made by nbgrader from its solution."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from autograder.classroom.nbgrader_steps import nbgrader_api
from autograder.course_folder import ROOT
from autograder.learner.progress import touched
from autograder.notebooks import BadNotebook, read, released, solution
from threadlab.errors import ThreadlabError


def make(slug: str) -> Path:
    """Write the notebook and return where. Raises ThreadlabError when there is no solution, or when somebody's answers would be lost."""
    if not solution(slug).exists():
        raise BadNotebook(f"There is no notebook {solution(slug)}.")
    target = released(slug)
    if target.exists() and touched(read(target)):
        raise ThreadlabError(f"{target} holds answers, which would be lost. Move it away and run the same command again.")
    with tempfile.TemporaryDirectory() as folder:
        # A gradebook of its own: the teacher's does not learn of an exercise that is still being written.
        api = nbgrader_api(db_url=f"sqlite:///{folder}/gradebook.db", release_directory=f"{folder}/release")
        outcome = api.generate_assignment(slug, force=True, create=True)
        notebook = Path(folder) / "release" / slug / f"{slug}.ipynb"
        if not outcome["success"] or not notebook.exists():
            log = outcome.get("log") or outcome.get("error") or ""
            raise ThreadlabError(f"nbgrader could not make the notebook of {slug}:\n{log[-800:]}")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(notebook, target)
    return target.relative_to(ROOT)

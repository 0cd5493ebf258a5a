"""nbgrader for this course: where things are, and what runs a submission's cells.

Found when nbgrader runs inside `autograder/`, or anywhere with `JUPYTER_CONFIG_PATH` naming that folder.
"""

import os
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

from nbconvert.preprocessors import ClearMetadataPreprocessor
from nbgrader import preprocessors as stock
from sqlalchemy.exc import SAWarning

from autograder.classroom.execute import ExecuteInSandbox
from autograder.classroom.preprocessors import RestoreMarks, drop_links

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / "autograder" / "work"
WORK.mkdir(parents=True, exist_ok=True)

# nbgrader upgrades its gradebook with a bare `alembic`, which is beside the Python that runs us and not always on the path.
_bin = str(Path(sys.executable).parent)
if _bin not in os.environ.get("PATH", "").split(os.pathsep):
    os.environ["PATH"] = _bin + os.pathsep + os.environ.get("PATH", "")

# nbgrader 0.9.6 was written for SQLAlchemy 1.4, and 2.1 remarks on each submission that it adds. Nothing is lost by it.
warnings.filterwarnings("ignore", category=SAWarning, module=r"nbgrader\.")

c: Any = get_config()  # type: ignore[name-defined]  # noqa: F821

c.CourseDirectory.course_id = "threads"
c.CourseDirectory.root = str(ROOT)
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "exercises"
c.CourseDirectory.submitted_directory = "autograder/work/submitted"
c.CourseDirectory.autograded_directory = "autograder/work/autograded"
c.CourseDirectory.feedback_directory = "autograder/work/feedback"
c.CourseDirectory.db_url = os.environ.get("THREADS_GRADEBOOK") or f"sqlite:///{WORK / 'gradebook.db'}"
c.CourseDirectory.ignore = [".ipynb_checkpoints", "*.pyc", "__pycache__", ".DS_Store"]

c.Autograde.pre_convert_hook = drop_links
c.Autograde.sanitize_preprocessors = [
    stock.ClearOutput,
    RestoreMarks,
    stock.DeduplicateIds,
    stock.OverwriteKernelspec,
    stock.OverwriteCells,
    stock.CheckCellMetadata,
]
c.Autograde.autograde_preprocessors = [
    ExecuteInSandbox,
    stock.IgnorePattern,
    ClearMetadataPreprocessor,
    stock.LimitOutput,
    stock.SaveAutoGrades,
    stock.AssignLatePenalties,
    stock.CheckCellMetadata,
]
c.NotebookExporter.optimistic_validation = True  # a notebook is looked over after all preprocessors, not after each
c.OverwriteCells.add_missing_cells = True
c.ClearSolutions.code_stub = {"python": "pass  # YOUR CODE HERE"}


# A fresh clone has no gradebook, and plain `nbgrader autograde` would only say so: enter the assignment first.
_words = [word for word in sys.argv[1:] if not word.startswith("-")]
if any(part.startswith("nbgrader") for part in Path(sys.argv[0]).parts[-2:]) and _words[:1] == ["autograde"]:
    from autograder.checks import SLUGS

    for _slug in set(_words[1:]) & set(SLUGS):
        subprocess.run([sys.executable, "-c", f"from autograder.classroom.nbgrader_steps import ready; ready({_slug!r})"], check=False)

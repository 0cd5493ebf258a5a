"""nbgrader for this course: where things are, and what runs a submission's cells.

Found when nbgrader runs inside `autograder/`, or anywhere with `JUPYTER_CONFIG_PATH` naming that folder. Reading it changes nothing: what
has to be in place before a command runs is put there by `BeforeCommand`.
"""

import os
from typing import Any

from nbconvert.preprocessors import ClearMetadataPreprocessor
from nbgrader import preprocessors as stock

from autograder.classroom.execute import ExecuteInSandbox
from autograder.classroom.nbgrader_start import WORK, BeforeCommand, before_autograde
from autograder.classroom.preprocessors import RestoreMarks
from autograder.course_folder import ROOT
from autograder.learner.validating import install

install()
c: Any = get_config()  # type: ignore[name-defined]  # noqa: F821

c.CourseDirectory.course_id = os.environ.get("THREADS_COURSE") or "threads"
c.CourseDirectory.root = str(ROOT)
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "exercises"
c.CourseDirectory.submitted_directory = "autograder/work/submitted"
c.CourseDirectory.autograded_directory = "autograder/work/autograded"
c.CourseDirectory.feedback_directory = "autograder/work/feedback"
c.ZipCollectApp.downloaded_directory = "autograder/work/downloaded"
c.CourseDirectory.db_url = os.environ.get("THREADS_GRADEBOOK") or f"sqlite:///{WORK / 'gradebook.db'}"
c.CourseDirectory.ignore = [".ipynb_checkpoints", "*.pyc", "__pycache__", ".DS_Store"]

c.Authenticator.plugin_class = BeforeCommand  # with another authenticator, make the folder autograder/work yourself
c.Autograde.pre_convert_hook = before_autograde
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

if exchange := os.environ.get("THREADS_EXCHANGE"):  # on a hub
    from autograder.hub.exchange import TrustedCollect

    c.Exchange.root = exchange
    c.ExchangeFactory.collect = TrustedCollect

"""What has to be in place before nbgrader opens its gradebook: done when a command starts, not when the configuration is read.

Every command, and nbgrader's Python interface, makes one object of `Authenticator.plugin_class` as it starts: a `BeforeCommand`. It
authenticates as nbgrader's own default does, that is, not at all.
"""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path
from typing import Any

from nbgrader.apps import AutogradeApp
from nbgrader.auth import NoAuthPlugin

from autograder.classroom.preprocessors import drop_links
from autograder.course_folder import ROOT
from courseware.catalogue import SLUGS
from threadlab.errors import ThreadlabError

WORK = ROOT / "autograder" / "work"


def prepare() -> None:
    """Make the folder of the gradebook, and let nbgrader find `alembic`. Harmless when repeated."""
    from sqlalchemy.exc import SAWarning

    WORK.mkdir(parents=True, exist_ok=True)
    # nbgrader upgrades its gradebook with a bare `alembic`, which is beside the Python that runs us and not always on the path.
    programs = str(Path(sys.executable).parent)
    if programs not in os.environ.get("PATH", "").split(os.pathsep):
        os.environ["PATH"] = programs + os.pathsep + os.environ.get("PATH", "")
    # nbgrader 0.9.6 was written for SQLAlchemy 1.4, and 2.1 remarks on each submission that it adds. Nothing is lost by it.
    warnings.filterwarnings("ignore", category=SAWarning, module=r"nbgrader\.")


def before_autograde(assignment: str, student: str, notebooks: list[str]) -> None:
    """nbgrader calls this before it converts a submission, whichever authenticator is configured."""
    prepare()
    drop_links(assignment, student, notebooks)


class BeforeCommand(NoAuthPlugin):  # type: ignore[misc]
    """Prepares; and enters the assignment of `nbgrader autograde` into a gradebook that does not have it yet, as in a fresh clone."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        prepare()
        command = getattr(self.parent, "parent", None)
        if isinstance(command, AutogradeApp):
            self._enter([*command.extra_args, command.coursedir.assignment_id], command.coursedir.db_url)

    def _enter(self, named: list[str], db_url: str) -> None:
        from autograder.classroom.nbgrader_steps import ready

        for slug in set(named) & set(SLUGS):
            try:
                ready(slug, db_url=db_url)
            except ThreadlabError as error:
                self.log.error("%s", error)

"""A hub over a clone of the course, in which a teacher has released an exercise with the formgrader."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.sandbox import available
from tests.autograder.hub.server import LONG, SLUG, Hub, Person, clone, needed, opened, person

SETTINGS = """
[courses.threads]
feedback = "behaviours"
"""


@pytest.fixture(scope="module")
def hub() -> Iterator[Hub]:
    """It is in a folder that everybody may pass; pytest's own are closed."""
    needed()
    base = Path(tempfile.mkdtemp(prefix="hub-"))
    base.chmod(0o755)
    try:
        course = clone(base / "course")
        for who in ("student", "teacher"):  # so that a test can press Lab's buttons by their names
            config = course / "deploy" / "hub" / who / "jupyter_server_config.json"
            settings = json.loads(config.read_text())
            settings["LabApp"] = {"expose_app_in_browser": True}
            config.write_text(json.dumps(settings))
        trust = [] if available().complete else ["--trust-submissions"]
        with opened(Hub(course, SETTINGS, "--grade-on-submission", *trust)) as made:
            yield made
    finally:
        shutil.rmtree(base, ignore_errors=True)


@pytest.fixture(scope="module")
def released(hub: Hub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Person]:
    """The teacher, who has released an exercise by clicks: from the course list to the formgrader, generate, release."""
    with person(hub, "teacher", tmp_path_factory.mktemp("teacher")) as teacher:
        teacher.sign_in(hub.passwords["teachers"])
        teacher.command("nbgrader:open-course-list")
        link = "document.querySelector('#formgrader_list a[href*=\"/services/threads\"]')"
        teacher.until(link, LONG)
        teacher.picture("course-list")
        teacher.visit("/services/threads/formgrader/manage_assignments")
        for column in ("assign", "release"):
            teacher.formgrader(column, SLUG)
        yield teacher

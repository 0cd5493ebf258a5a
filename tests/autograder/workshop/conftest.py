"""A copy of the course, and a folder that stands for the browser edition where no test opens it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.autograder.course_copy import ROOT, clone
from tests.courseware.browser.conftest import site

__all__ = ["site"]


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy = clone(tmp_path_factory.mktemp("workshop") / "course")
    shutil.copytree(ROOT / "lessons", copy / "lessons", dirs_exist_ok=True)  # the board asks in their words
    return copy


@pytest.fixture(scope="module")
def edition(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("edition")
    (folder / "course.json").write_text('{"version": "0", "notebooks": {}}')
    (folder / "index.html").write_text("<title>The course</title>" + "<!-- much more -->" * 500)
    return folder

"""The tiny project, with its `.venv` and without."""

from __future__ import annotations

from pathlib import Path

import pytest

from setup_tools.install import set_up
from setup_tools.project import Project
from tests.course.tiny import tiny_project


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A tiny project that is set up. Tests that damage it have it mended: that is what they are about."""
    project = tiny_project(tmp_path_factory.mktemp("course") / "tiny")
    set_up(project, [])
    return project


@pytest.fixture
def fresh(tmp_path: Path) -> Project:
    """A tiny project without a `.venv`."""
    return tiny_project(tmp_path / "tiny")

"""The tiny project, with its `.venv` and without."""

from __future__ import annotations

from pathlib import Path

import pytest

from setup_tools.install import set_up
from setup_tools.place import Place
from tests.course.tiny import tiny_project


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A tiny project that is set up. Tests that damage it have it mended: that is what they are about."""
    place = tiny_project(tmp_path_factory.mktemp("course") / "tiny")
    set_up(place, [])
    return place


@pytest.fixture
def fresh(tmp_path: Path) -> Place:
    """A tiny project without a `.venv`."""
    return tiny_project(tmp_path / "tiny")

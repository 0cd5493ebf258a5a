"""Answers are judged in this process, in a folder where there is nothing."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def empty_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("empty")


@pytest.fixture(autouse=True)
def _in_an_empty_folder(empty_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each trial in this process gets a copy of the folder that it runs in; of the repository's, that is a hundred files."""
    monkeypatch.chdir(empty_folder)

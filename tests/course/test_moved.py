"""A notebook that was saved with the import paths of version 0.1 still runs, and says once where the names are now."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

from autograder.notebooks import solution
from tests import kernels
from tests.course.tiny import ROOT
from threadlab.moved import OLD
from threadlab.service.local_server import stop_server

LINES = """
from threadlab.desk import Base, Conversation, Turn, open_database
from threadlab.desk_archive import ArchivedMessage
from threadlab.desk_cleanup import AuditLine, KeptThread, Report
from threadlab.desk_migration import Migration
from threadlab.desk_support import Ticket, TicketAudit
from threadlab.desk_tools import AuditItem
from threadlab.explore import explore, explore_kills
from threadlab.host import Limits
from threadlab.lesson import commit, reveal
from threadlab.prices import PUBLISHED
from threadlab.timeline import Timeline
from threadlab.tokens import of_message
from threadlab.trial import ASYNC_CLIENT, CLIENT, DB, ON_TEXT, Spec, World, in_process, trial
from threadlab.widgets import CostMeter, FaultKnobs, Polls, Race, RunLife, ThreadView
"""
"""Every import of something inside `threadlab` that a notebook or a known answer of version 0.1 had."""


def python(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-W", "ignore", "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("line", LINES.strip().splitlines())
def test_old_import_line_works(line: str) -> None:
    done = python(line)
    assert done.returncode == 0, done.stderr
    module = line.split()[1]
    if module in OLD:
        assert f"{module} has moved: import its names from `{OLD[module][0]}`." in done.stderr
        assert len(done.stderr.splitlines()) == 1
    else:
        assert done.stderr == ""


def test_old_and_new_path_lead_to_the_same_object() -> None:
    program = """
import courseware, threadlab
from threadlab.desk import Turn
from threadlab.lesson import commit
from threadlab.trial import DB, World
print((World, DB, Turn, commit) == (threadlab.World, courseware.DB, courseware.Turn, courseware.predict))
"""
    assert python(program).stdout == "True\n"


def test_trial_is_still_a_function_after_its_old_module_was_imported() -> None:
    program = "from threadlab.trial import CLIENT, World, trial\nprint(trial(lambda client: 7, CLIENT, world=World()).ending.value)"
    done = python(program)
    assert done.stdout == "7\n", done.stderr


def test_unknown_module_is_still_an_error() -> None:
    assert "ModuleNotFoundError: No module named 'threadlab.nothing'" in python("import threadlab.nothing").stderr


def with_old_paths(source: str) -> str:
    """A cell as it was saved with version 0.1."""
    lines = re.findall(r"^from (threadlab\.\w+) import (.+)$", LINES, re.M)
    names = {name: module for module, listed in lines for name in listed.split(", ")}

    def old(line: re.Match[str]) -> str:
        kept, moved = [], []
        for name in re.findall(r"\w+", line[2]):
            (moved if name in names else kept).append(name)
        lines = [f"from {names[name]} import {name}" for name in moved]
        return "\n".join(([f"from {line[1]} import {', '.join(kept)}"] if kept else []) + lines)

    return re.sub(r"^from (threadlab|courseware) import ([\w, ]+)$", old, source, flags=re.M)


@pytest.fixture
def own_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """`%load_ext threadlab` starts a server that outlives its kernel: here it has a folder of its own, and ends with the test."""
    monkeypatch.setenv("THREADLAB_HOME", str(tmp_path / "home"))
    yield
    stop_server()


@pytest.mark.slow
@pytest.mark.usefixtures("own_server")
def test_saved_notebook_is_checked_in_a_kernel(tmp_path: Path) -> None:
    slug = "sixth-message"
    notebook = nbformat.read(solution(slug), as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.source = with_old_paths(cell.source)
    old = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    assert "from threadlab.trial import" in old or "from threadlab.desk" in old or "from threadlab." in old
    done = kernels.executed(notebook, folder=tmp_path, seconds=240)
    printed = "\n".join(output.get("text", "") for cell in done.cells if cell.cell_type == "code" for output in cell.outputs)
    assert "has moved: import its names from" in printed


@pytest.mark.slow
def test_saved_notebook_is_checked_by_the_command(tmp_path: Path) -> None:
    slug = "retention-job"
    notebook = nbformat.read(solution(slug), as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.source = with_old_paths(cell.source)
    assert "from threadlab.desk" in "\n".join(cell.source for cell in notebook.cells)
    nbformat.write(notebook, tmp_path / "saved.ipynb")
    command = [sys.executable, "-m", "autograder", "check", slug, "--notebook", str(tmp_path / "saved.ipynb")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Visible checks passed." in done.stdout

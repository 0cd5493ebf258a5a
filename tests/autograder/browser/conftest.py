"""A JupyterLab over a copy of the course in which a student has handed in, and an exchange with a released exercise."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.autograder.course_copy import SLUG, answered, clone, command, corpus, environment, hand_in
from tests.threadlab.widgets.chrome import Page, binary, chromium
from tests.threadlab.widgets.conftest import free_port, jupyterlab

QUIET = '{"fetchNews": "false", "checkForUpdates": false}'


@pytest.fixture(scope="session")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The course as a teacher has it: an exercise generated and released, one student's wrong answer."""
    if binary() is None:
        pytest.skip("there is no Chromium here")
    top = tmp_path_factory.mktemp("teacher")
    made = clone(top / "course")
    (top / "exchange").mkdir()
    (top / "exchange").chmod(0o777)
    config = made / "autograder" / "nbgrader_config.py"
    # Whether this machine has a sandbox is another test's business.
    config.write_text(config.read_text() + f'\nc.Exchange.root = "{top / "exchange"}"\nc.ExecuteInSandbox.trust_submissions = True\n')
    command(made, "nbgrader", "generate_assignment", SLUG, "--force")
    command(made, "nbgrader", "release_assignment", SLUG)
    wrong = next(path for path in corpus() if path.stem == "no_run")
    hand_in(made, "ann", answered(made, SLUG, wrong), timestamp="2026-01-01 10:00:00 UTC")
    return made


@pytest.fixture(scope="session")
def lab(course: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a JupyterLab that was started as `course.py lab` starts it."""
    port = free_port()
    own = {name: str(tmp_path_factory.mktemp(name.lower())) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR")}
    settings = course / ".settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    (settings / "notification.jupyterlab-settings").write_text(QUIET)
    options = {
        "ServerApp.port": port,
        "ServerApp.port_retries": 0,
        "ServerApp.ip": "127.0.0.1",
        "ServerApp.root_dir": course,
        "ServerApp.open_browser": False,
        "IdentityProvider.token": "",
        "LabApp.workspaces_dir": course / ".workspaces",
        "LabApp.expose_app_in_browser": True,
    }
    words = ["--allow-root", *(f"--{name}={value}" for name, value in options.items())]
    env = environment(course, JUPYTERLAB_SETTINGS_DIR=str(course / ".settings"), NO_PROXY="127.0.0.1,localhost", **own)
    with jupyterlab(words, port, course, env, "teacher.log") as address:
        yield address


@pytest.fixture
def opened(lab: str, tmp_path: Path) -> Iterator[Callable[[str], Page]]:
    """Opens an address of the server in a fresh browser."""
    with contextlib.ExitStack() as stack:

        def open_it(path: str) -> Page:
            page = stack.enter_context(chromium(tmp_path / "profile"))
            page.open(lab + path)
            return page

        yield open_it

"""A JupyterLab, a Chromium, and axe, for the tests that look at widgets as people do. What is missing is said in the reason of the skip."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
import pytest

from tests.threadlab.widgets.chrome import Page, binary, chromium

ROOT = Path(__file__).resolve().parents[3]
ARTIFACTS = ROOT / "tests" / "artifacts"
PANEL = "[...jupyterapp.shell.widgets('main')].find((one) => one.sessionContext)"
AXE = "axe-core@4.14.1"


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextlib.contextmanager
def jupyterlab(options: list[str], port: int, folder: Path, env: dict[str, str], log_name: str) -> Iterator[str]:
    """The address of a JupyterLab that has these options and listens at this port; ended afterwards."""
    log = ARTIFACTS / log_name
    log.parent.mkdir(exist_ok=True)
    with log.open("wb") as out:
        process = subprocess.Popen([sys.executable, "-m", "jupyterlab", *options], cwd=folder, env=env, stdout=out, stderr=out)
    try:
        end = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < end:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
        process.kill()
        process.wait()


@pytest.fixture(scope="session")
def axe() -> str:
    """The text of axe-core, which npm brings once."""
    file = ARTIFACTS / "npm" / "node_modules" / "axe-core" / "axe.min.js"
    if not file.exists():
        if shutil.which("npm") is None:
            pytest.skip("axe-core is not here, and there is no npm to bring it")
        command = ["npm", "install", "--silent", "--no-save", "--no-audit", "--no-fund", "--prefix", str(file.parents[2]), AXE]
        file.parents[2].mkdir(parents=True, exist_ok=True)
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
        if not file.exists():
            pytest.skip(f"npm could not bring axe-core: {done.stderr.strip()[-200:]}")
    return file.read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """A JupyterLab over an empty folder: the folder and the address."""
    if binary() is None:
        pytest.skip("there is no Chromium here")
    folder = tmp_path_factory.mktemp("lab")
    port = free_port()
    own = {
        name: str(tmp_path_factory.mktemp(name.lower()))
        for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR", "THREADLAB_HOME")
    }
    settings = folder / ".settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    (settings / "notification.jupyterlab-settings").write_text('{"fetchNews": "false", "checkForUpdates": false}')
    tracker = settings.parent / "notebook-extension" / "tracker.jupyterlab-settings"
    tracker.parent.mkdir()
    tracker.write_text('{"windowingMode": "none"}')
    (settings / "themes.jupyterlab-settings").write_text('{"adaptive-theme": true}')
    env = {**os.environ, **own, "PYTHONPATH": str(ROOT), "JUPYTERLAB_SETTINGS_DIR": str(folder / ".settings")}
    options = [f"--ServerApp.port={port}", "--ServerApp.token=", "--ServerApp.password=", "--ServerApp.open_browser=False"]
    options += [
        f"--ServerApp.root_dir={folder}",
        "--ServerApp.ip=127.0.0.1",
        "--allow-root",
    ]
    options += [
        f"--LabApp.workspaces_dir={folder / '.workspaces'}",
        "--ServerApp.port_retries=0",
        "--LabApp.expose_app_in_browser=True",
        "--ServerApp.disable_check_xsrf=True",
    ]
    with jupyterlab(options, port, folder, env, "lab.log") as address:
        yield folder, address


@pytest.fixture
def notebook(lab: tuple[Path, str], tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[..., Page]]:
    """Opens a notebook of these cells in JupyterLab, runs all of it, and gives the page."""
    folder, address = lab
    with contextlib.ExitStack() as stack:

        def opened(*cells: str, dark: bool = False, ready: str = ".threadlab-w section") -> Page:
            name = f"{request.node.name.split('[')[0]}{len(list(folder.glob('*.ipynb')))}.ipynb"
            made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
            made.metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
            nbformat.write(made, folder / name)
            page = stack.enter_context(chromium(tmp_path / f"profile{dark}", dark))
            page.open(f"{address}/doc/tree/{name}?reset")
            page.wait("document.querySelector('.jp-Notebook .jp-CodeCell .cm-content')", "the first cell")
            page.wait(f"{PANEL}?.sessionContext?.session?.kernel?.status === 'idle'", "the kernel")
            page.run(f"{PANEL}.sessionContext.ready.then(() => true)")
            focus = "document.querySelector('.jp-Notebook .cm-content').focus()"
            page.wait(f"({focus}, jupyterapp.shell.currentWidget)", "the notebook in front")
            run_all(page, len(cells))
            page.wait(f"document.querySelector({ready!r})", "the widget")
            return page

        yield opened


def run_all(page: Page, count: int) -> None:
    """Run every cell, by Lab's own command."""
    page.run("jupyterapp.commands.execute('notebook:run-all-cells').then(() => true)")
    for number in range(count):
        prompt = f"document.querySelectorAll('.jp-Notebook .jp-CodeCell')[{number}].querySelector('.jp-InputPrompt').innerText"
        page.wait(f"/\\[\\d+\\]/.test({prompt})", f"the end of cell {number + 1}")

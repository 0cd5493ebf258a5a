"""Clients that other people wrote hold a conversation with a tool call.

What they need is installed by `.ci/run`, or by `python tests/threadlab/clients/install.py`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.threadlab.clients.install import VENV
from tests.threadlab.service.test_cli import serving

PROGRAMS = Path(__file__).parent / "programs"
WHEN_ABSENT = "needs what `python tests/threadlab/clients/install.py` installs"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (VENV / "installed").exists(), reason=WHEN_ABSENT),
]
POPULATION = "get_population says: France: 68 million"
CAPITAL = "The capital of France is Paris."


@contextmanager
def served(folder: Path) -> Iterator[dict[str, str]]:
    """Where a service of one module's own is, as a program finds it in its environment."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("THREADLAB_HOME", str(folder))
        with serving("--store", ":memory:", "--clock", "x50", "--quiet", "--key-file", str(folder / "key")) as (_, port):
            key = (folder / "key").read_text().strip()
            own = {"OPENAI_BASE_URL": f"http://127.0.0.1:{port}/v1", "OPENAI_API_KEY": key, "NO_PROXY": "127.0.0.1"}
            yield {**os.environ, **own}


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with served(tmp_path_factory.mktemp("service")) as found:
        yield found


def said(environment: dict[str, str], *command: str | Path) -> dict[str, str]:
    """Everything that a program printed, as JSON objects."""
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return {name: value for line in lines for name, value in line.items()}


def python(environment: dict[str, str], name: str) -> dict[str, str]:
    return said(environment, VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python"), "-W", "ignore", PROGRAMS / name)


def test_langchain_runnable_passes_its_tool_call(environment: dict[str, str]) -> None:
    assert python(environment, "langchain.py") == {"by_hand": POPULATION, "agent": POPULATION, "again": CAPITAL}


def test_autogen_agent_passes_its_tool_call(environment: dict[str, str]) -> None:
    assert python(environment, "autogen.py") == {"first": POPULATION, "second": CAPITAL}


def test_semantic_kernel_agent_passes_its_tool_call(environment: dict[str, str]) -> None:
    japan = POPULATION.replace("France", "Japan")
    assert python(environment, "semantic.py") == {"first": f"Geography-{POPULATION}", "streamed": f"Geography-{japan}"}


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js")
@pytest.mark.skipif(not (VENV / "node").exists(), reason=WHEN_ABSENT)
def test_javascript_client_is_understood(environment: dict[str, str], tmp_path: Path) -> None:
    program = tmp_path / "conversation.mjs"  # modules are looked up beside the program
    shutil.copy(PROGRAMS / "conversation.mjs", program)
    (tmp_path / "node_modules").symlink_to(VENV / "node" / "node_modules")
    assert said(environment, "node", program) == {
        "asked": "requires_action",
        "status": "completed",
        "answer": POPULATION,
        "streamed": CAPITAL,
        "stored": CAPITAL,
        "refused": "400 Invalid 'thread_id': 'undefined'. Expected an ID that begins with 'thread'.",
    }

"""Clients that other people wrote hold a conversation with a tool call.

Those on Responses, litellm and the JavaScript SDK also read a stream and have files searched or read back. Vector stores are made by the
official SDK for those that only name them: the Agents SDK, pydantic-ai, langchain-openai, Haystack and `ai`.

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
from typing import Any

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
REFUNDS = "Refunds are paid within 14 days."


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


def said(environment: dict[str, str], *command: str | Path) -> dict[str, Any]:
    """Everything that a program printed, as JSON objects."""
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return {name: value for line in lines for name, value in line.items()}


def python(environment: dict[str, str], name: str) -> dict[str, Any]:
    return said(environment, VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python"), "-W", "ignore", PROGRAMS / name)


def test_langchain_runnable_passes_its_tool_call(environment: dict[str, str]) -> None:
    assert python(environment, "langchain.py") == {"by_hand": POPULATION, "agent": POPULATION, "again": CAPITAL}


def test_autogen_agent_passes_its_tool_call(environment: dict[str, str]) -> None:
    assert python(environment, "autogen.py") == {"first": POPULATION, "second": CAPITAL}


def test_semantic_kernel_agent_passes_its_tool_call(environment: dict[str, str]) -> None:
    japan = POPULATION.replace("France", "Japan")
    assert python(environment, "semantic.py") == {"first": f"Geography-{POPULATION}", "streamed": f"Geography-{japan}"}


def test_litellm_is_understood(environment: dict[str, str]) -> None:
    assert python(environment, "lite_llm.py") == {
        "asked": "requires_action",
        "calls": ['{"country": "France"}'],
        "streamed": CAPITAL,
        "status": "completed",
        "answer": "The capital of Spain is Madrid.",
        "content": REFUNDS,
        "listed": True,
        "deleted": True,
        "response": POPULATION,
        "response_streamed": "The capital of Japan is Tokyo.",
    }


def test_agents_sdk_keeps_its_session_in_a_conversation(environment: dict[str, str]) -> None:
    assert python(environment, "agents_sdk.py") == {
        "first": POPULATION,
        "second": CAPITAL,
        "items": 6,
        "streamed": POPULATION.replace("France", "Japan"),
        "kinds": ["tool_called", "tool_output", "message_output_created"],
        "found": REFUNDS,
        "files": ["refunds.txt"],
    }


def test_pydantic_agent_is_understood(environment: dict[str, str]) -> None:
    assert python(environment, "pydantic_agent.py") == {
        "first": POPULATION,
        "second": CAPITAL,
        "requests": 2,
        "streamed": POPULATION.replace("France", "Japan"),
        "found": REFUNDS,
        "calls": ["file_search"],
    }


def test_langchain_chat_model_is_understood(environment: dict[str, str]) -> None:
    assert python(environment, "langchain_responses.py") == {
        "first": POPULATION,
        "second": CAPITAL,
        "streamed": "The capital of Japan is Tokyo.",
        "streamed_call": [["get_population", {"country": "Japan"}]],
        "found": REFUNDS,
        "citations": ["citation"],
        "tokens": True,
    }


def test_haystack_generator_is_understood(environment: dict[str, str]) -> None:
    assert python(environment, "haystack_responses.py") == {
        "first": POPULATION,
        "second": CAPITAL,
        "streamed": "The capital of Japan is Tokyo.",
        "whole": "The capital of Japan is Tokyo.",
        "found": REFUNDS,
    }


def javascript(environment: dict[str, str], folder: Path, name: str, modules: str) -> dict[str, Any]:
    if not (VENV / modules).exists():
        pytest.skip(WHEN_ABSENT)
    program = folder / name  # modules are looked up beside the program
    shutil.copy(PROGRAMS / name, program)
    (folder / "node_modules").symlink_to(VENV / modules / "node_modules")
    return said(environment, "node", program)


needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js")


@needs_node
def test_vercel_sdk_is_understood(environment: dict[str, str], tmp_path: Path) -> None:
    assert javascript(environment, tmp_path, "vercel.mjs", "node-ai") == {
        "first": POPULATION,
        "steps": 2,
        "second": CAPITAL,
        "streamed": POPULATION.replace("France", "Japan"),
        "finish": "stop",
        "found": REFUNDS,
        "calls": ["file_search"],
        "tokens": True,
    }


@needs_node
@pytest.mark.parametrize("modules", ["node", "node-5"])
def test_javascript_client_is_understood(environment: dict[str, str], tmp_path: Path, modules: str) -> None:
    assert javascript(environment, tmp_path, "conversation.mjs", modules) == {
        "asked": "requires_action",
        "status": "completed",
        "answer": POPULATION,
        "streamed": CAPITAL,
        "stored": CAPITAL,
        "file": "completed",
        "found": REFUNDS,
        "citations": ["file_citation"],
        "refused": "400 Invalid 'thread_id': 'undefined'. Expected an ID that begins with 'thread'.",
    }

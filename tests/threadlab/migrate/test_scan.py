"""`threadlab scan`: every call of the Assistants API is found, and nothing else."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from threadlab.cli import main
from threadlab.migrate.mapping import RESOURCES, replacement
from threadlab.migrate.scan import scan, scan_text

CLIENTS = sorted((Path(__file__).parents[3] / ".venv-clients" / "lib").glob("python3*/site-packages"))
ABSENT = "the packages that used Assistants (langchain-classic, autogen-ext, semantic-kernel) are not in .venv-clients"


def calls(source: str) -> list[tuple[int, str]]:
    return [(one.line, one.call) for one in scan_text(source)]


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("client.beta.threads.create()", [(1, "beta.threads.create")]),
        ("threads = client.beta.threads\nthreads.runs.create('t')", [(2, "beta.threads.runs.create")]),
        ("beta = OpenAI().beta\nbeta.assistants.list()", [(2, "beta.assistants.list")]),
        ("runs, other = client.beta.threads.runs, 1\nruns.poll('r')", [(2, "beta.threads.runs.poll")]),
        ("create = client.beta.threads.create\ncreate()", [(2, "beta.threads.create")]),
        ("(m := c.beta.threads.messages).list('t')\nm.list('t')", [(1, "beta.threads.messages.list"), (2, "beta.threads.messages.list")]),
        ("c.beta.threads.with_raw_response.create()", [(1, "beta.threads.create")]),
        ("asyncio.to_thread(c.beta.threads.create, metadata={})", [(1, "beta.threads.create")]),
        ("AzureOpenAI(api_version='x').beta.threads.runs.steps.list('r')", [(1, "beta.threads.runs.steps.list")]),
        ("with c.beta.threads.runs.stream(thread_id='t') as s:\n    pass", [(1, "beta.threads.runs.stream")]),
        ("client.beta.threads\\\n    .create()", [(1, "beta.threads.create")]),
    ],
)
def test_every_call_is_reported(source: str, found: list[tuple[int, str]]) -> None:
    assert calls(source) == found


def test_attribute_bound_in_another_method_is_followed() -> None:
    source = """
class Bot:
    def ask(self):
        return self._threads.create()
    def __init__(self, client):
        self.client = client
        self._threads: Threads = self.client.beta.threads
    @property
    def runs(self):
        return self._threads.runs
    async def go(self):
        await self.runs.create_and_poll(thread_id="t")
"""
    assert calls(source) == [(4, "beta.threads.create"), (12, "beta.threads.runs.create_and_poll")]


def test_event_handlers_are_reported() -> None:
    source = """
import openai
from openai import AssistantEventHandler as Base, AsyncAssistantEventHandler
class One(Base): ...
class Two(One): ...
class Three(openai.AsyncAssistantEventHandler): ...
class Four(EventHandler): ...
"""
    assert [name for _, name in calls(source)] == ["One", "Two", "Three"]


@pytest.mark.parametrize(
    "source",
    [
        "# client.beta.threads.create()",
        "'client.beta.threads.create()'",
        "from openai.types.beta.threads import Run",
        "isinstance(x, openai.types.beta.threads.Message)",
        "client.beta.chat.completions.parse()",
        "client.beta.threads",
        "threads.create()",
        "session.threads.runs.create()",
        "client.beta.vector_stores.create()",
        "client.responses.create(); client.conversations.create()",
    ],
)
def test_other_code_raises_no_alarm(source: str) -> None:
    assert calls(source) == []


def test_every_call_has_a_replacement() -> None:
    for resource, methods in RESOURCES.items():
        for method in methods:
            assert replacement(f"{resource}.{method}")


def test_file_that_is_not_python_is_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "old.py").write_text("print 'two'")
    assert main(["scan", str(tmp_path)]) == 2
    assert "old.py: not read: " in capsys.readouterr().err
    (tmp_path / "new.py").write_text("client.beta.threads.create()")
    assert main(["scan", str(tmp_path), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert [one["call"] for one in told["found"]] == ["beta.threads.create"]
    assert [Path(one["path"]).name for one in told["unread"]] == ["old.py"]


def test_nothing_to_report_is_exit_code_0(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "new.py").write_text("client.responses.create()")
    assert main(["scan", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "1 file read; none uses the Assistants API.\n"
    assert main(["scan", str(tmp_path / "missing")]) == 1
    assert "there is no file or folder" in capsys.readouterr().err


# Read by hand in the versions that the clients' requirements name: file, how many calls.
BY_HAND = {
    "langchain_classic": {"agents/openai_assistant/base.py": 16},
    "autogen_ext": {"agents/openai/_openai_assistant_agent.py": 16},
    "semantic_kernel": {
        "agents/channels/open_ai_assistant_channel.py": 3,
        "agents/open_ai/assistant_content_generation.py": 1,
        "agents/open_ai/assistant_thread_actions.py": 10,
        "agents/open_ai/openai_assistant_agent.py": 4,
    },
}


@pytest.mark.skipif(not CLIENTS, reason=ABSENT)
@pytest.mark.parametrize("package", BY_HAND)
def test_calls_of_real_packages_are_reported(package: str) -> None:
    folder = CLIENTS[0] / package
    if not folder.is_dir():
        pytest.skip(ABSENT)
    report = scan([folder])
    counts = {name: sum(one.path == str(folder / name) for one in report.found) for name in BY_HAND[package]}
    assert counts == BY_HAND[package]
    assert len(report.found) == sum(counts.values())
    for one in report.found:  # what stands there says so itself
        lines = Path(one.path).read_text(encoding="utf-8").splitlines()
        assert re.search(r"\bbeta\.(threads|assistants)\b", lines[one.line - 1])

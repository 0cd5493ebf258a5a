"""`threadlab scan`: every call of the Assistants API is found, and nothing else."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
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

BUILT_ON = {"semantic_kernel": [("agents/open_ai/azure_assistant_agent.py", "OpenAIAssistantAgent")]}
"""Where one of these packages builds on a class that speaks to the Assistants API: file, class."""


@pytest.mark.slow
@pytest.mark.skipif(not CLIENTS, reason=ABSENT)
@pytest.mark.parametrize("package", BY_HAND)
def test_calls_of_real_packages_are_reported(package: str) -> None:
    folder = CLIENTS[0] / package
    if not folder.is_dir():
        pytest.skip(ABSENT)
    report = scan([folder])
    calls = [one for one in report.found if one.kind == "call"]
    counts = {name: sum(one.path == str(folder / name) for one in calls) for name in BY_HAND[package]}
    assert counts == BY_HAND[package]
    assert len(calls) == sum(counts.values())
    wrappers = [(str(Path(one.path).relative_to(folder)), one.call) for one in report.found if one.kind != "call"]
    assert wrappers == BUILT_ON.get(package, [])
    for one in calls:  # what stands there says so itself
        lines = Path(one.path).read_text(encoding="utf-8").splitlines()
        assert re.search(r"\bbeta\.(threads|assistants)\b", lines[one.line - 1])


# ---- indirect uses ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("def go(threads):\n    threads.create()\ngo(client.beta.threads)", [(2, "beta.threads.create")]),
        ("def go(*, runs):\n    runs.list('t')\ngo(runs=c.beta.threads.runs)", [(2, "beta.threads.runs.list")]),
        ("def go(x):\n    x.create()\ngo(client.beta.threads)\ndef other(x):\n    x.create()", [(2, "beta.threads.create")]),
        ("class A:\n    def __init__(self, t):\n        self.t = t\n    def go(self):\n        self.t.create()\nA(c.beta.threads)",
         [(5, "beta.threads.create")]),
        ("getattr(client, 'beta').threads.create()", [(1, "beta.threads.create")]),
        ("(await client()).beta.threads.create()", [(1, "beta.threads.create")]),
    ],
)  # fmt: skip
def test_what_a_helper_is_handed_is_followed(source: str, found: list[tuple[int, str]]) -> None:
    assert calls(source) == found


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("import litellm\nlitellm.create_thread()\nawait litellm.arun_thread()", ["litellm.create_thread", "litellm.arun_thread"]),
        ("from litellm import add_message as say\nsay()", ["say"]),
        ("from langchain.agents.openai_assistant import OpenAIAssistantRunnable as R\nR.create_assistant()", ["R.create_assistant"]),
        ("from llama_index.agent.openai import OpenAIAssistantAgent\nOpenAIAssistantAgent.from_new()", ["OpenAIAssistantAgent.from_new"]),
        ("from semantic_kernel.agents import AzureAssistantAgent\nAzureAssistantAgent()", ["AzureAssistantAgent"]),
        ("from autogen.agentchat.contrib.gpt_assistant_agent import GPTAssistantAgent\nclass Mine(GPTAssistantAgent): ...",
         ["GPTAssistantAgent"]),
        ("import semantic_kernel.agents\nsemantic_kernel.agents.OpenAIAssistantAgent()", ["semantic_kernel.agents.OpenAIAssistantAgent"]),
        ("from mine import OpenAIAssistantAgent\nOpenAIAssistantAgent()", []),
        ("import litellm\nlitellm.completion()", []),
    ],
)  # fmt: skip
def test_wrappers_are_reported(source: str, names: list[str]) -> None:
    found = scan_text(source)
    assert [(one.kind, one.call) for one in found] == [("wrapper", name) for name in names]


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("requests.post('https://api.openai.com/v1/threads', json={})", ["/v1/threads"]),
        ("httpx.get(f'https://api.openai.com/v1/threads/{thread}/runs/{run}')", ["/v1/threads/{}/runs/{}"]),
        ("BASE = 'https://api.openai.com'\nhttp.post(f'{BASE}/v1/assistants')", ["/v1/assistants"]),
        ("H = {'OpenAI-Beta': 'assistants=v2'}\nhttp.post(f'{base}/threads/{t}/messages', headers=H)", ["/v1/threads/{}/messages"]),
        ("http.post(f'https://{name}.openai.azure.com/openai/threads?api-version=x')", ["/v1/threads?api-version=x"]),
        ("'''https://api.openai.com/v1/threads is gone'''", []),
        ("B = 'https://api.openai.com'\n@app.post('/v1/threads')\ndef create(): ...", []),
        ("requests.get('https://api.example.org/v1/threads')", []),
        ("H = 'assistants=v2'\nopen('data/threads.json')\nx = 'threads'", []),
        ("B = 'https://api.openai.com'\nhttp.post(B + '/v1/responses')", []),
    ],
)
def test_requests_by_address_are_reported(source: str, found: list[str]) -> None:
    assert [(one.kind, one.call) for one in scan_text(source)] == [("http", path) for path in found]


# ---- notebooks --------------------------------------------------------------------------------------------------------------------------


def notebook(*cells: str) -> str:
    made = [{"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "source": cell} for cell in cells]
    made.insert(1, {"cell_type": "markdown", "metadata": {}, "source": "client.beta.threads.create()"})
    return json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def test_cells_of_a_notebook_are_one_program(tmp_path: Path) -> None:
    file = tmp_path / "a.ipynb"
    file.write_text(
        notebook("%pip install openai\nthreads = client.beta.threads", "this is no Python", "%%bash\nls", "x = 1\nawait threads.create()")
    )
    (one,) = scan([tmp_path]).found
    assert (one.call, one.cell, one.line) == ("beta.threads.create", 5, 2)
    assert str(one).startswith(f"{file}:cell 5:2:")


def test_file_that_is_no_notebook_is_reported(tmp_path: Path) -> None:
    (tmp_path / "a.ipynb").write_text("[1]")
    (tmp_path / "b.ipynb").write_text("{")
    assert [Path(one.path).name for one in scan([tmp_path]).unread] == ["a.ipynb", "b.ipynb"]


# ---- JavaScript and TypeScript ----------------------------------------------------------------------------------------------------------


def script(tmp_path: Path, source: str, suffix: str = ".ts") -> list[tuple[int, str]]:
    file = tmp_path / f"code{suffix}"
    file.write_text(source)
    return [(one.line, one.call) for one in scan([file]).found]


@pytest.mark.parametrize("suffix", [".js", ".mjs", ".ts", ".tsx"])
def test_scripts_are_read(tmp_path: Path, suffix: str) -> None:
    source = """
const thread = await openai.beta.threads.create();
const { runs, messages: said } = openai.beta.threads;
let run = await runs.createAndPoll(thread.id, { assistant_id });
run = await runs.submitToolOutputsAndPoll(run.id, {});
await said.list(thread.id);
class Bot {
  constructor(client) { this.threads = client.beta.threads; }
  go() { return this.threads.runs.stream("t"); }
}
await client.beta.assistants.del("asst_x");
channel.threads.create({}); // a Discord thread
// client.beta.threads.create()
"""
    assert script(tmp_path, source, suffix) == [
        (2, "beta.threads.create"),
        (4, "beta.threads.runs.create_and_poll"),
        (5, "beta.threads.runs.submit_tool_outputs_and_poll"),
        (6, "beta.threads.messages.list"),
        (9, "beta.threads.runs.stream"),
        (11, "beta.assistants.delete"),
    ]


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("fetch(`https://api.openai.com/v1/threads/${id}/runs`)", ["/v1/threads/{}/runs"]),
        ("const h = {'OpenAI-Beta': 'assistants=v2'}; fetch(`${BASE}/assistants?limit=1`, h)", ["/v1/assistants?limit=1"]),
        ("import { useAssistant } from 'ai/react'; const { messages } = useAssistant({});", ["useAssistant"]),
        ("import { AssistantResponse as R } from 'ai'; export const POST = () => R({}, run);", ["R"]),
        ("import { useAssistant } from './mine'; useAssistant({});", []),
        ("import { threads } from '/v1/threads'; fetch('/v1/threads')", []),
    ],
)
def test_addresses_and_wrappers_in_scripts_are_reported(tmp_path: Path, source: str, found: list[str]) -> None:
    assert [call for _, call in script(tmp_path, source)] == found


def test_types_of_typescript_do_not_stop_it(tmp_path: Path) -> None:
    assert script(tmp_path, "const t = (client as OpenAI)!.beta.threads;\nawait t.messages.create<Foo>(id, body as any);") == [
        (2, "beta.threads.messages.create")
    ]


def test_folders_of_other_people_are_left_out(tmp_path: Path) -> None:
    for folder in ("node_modules/openai", "dist", ".venv/lib"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "a.js").write_text("client.beta.threads.create()")
    assert scan([tmp_path]).files == 0


# ---- reports ----------------------------------------------------------------------------------------------------------------------------


def test_sarif_names_rule_file_and_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bot.py").write_text("\nclient.beta.threads.create()\n")
    (tmp_path / "old.py").write_text("print 'two'")
    assert main(["scan", str(tmp_path), "--format", "sarif"]) == 1
    told = json.loads(capsys.readouterr().out)
    (run,) = told["runs"]
    assert told["version"] == "2.1.0"
    (result,) = run["results"]
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"] == "beta.threads.create"
    where = result["locations"][0]["physicalLocation"]
    assert where["artifactLocation"]["uri"].endswith("/bot.py")
    assert where["region"] == {"startLine": 2, "startColumn": 1}
    assert "old.py: not read" in run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"]


# ---- drafts -----------------------------------------------------------------------------------------------------------------------------


def test_draft_writes_what_is_mechanical_and_marks_the_rest() -> None:
    from threadlab.migrate.draft import rewritten

    source = """def talk(client, text):
    thread = client.beta.threads.create(messages=[], metadata={"a": "b"})  # kept
    client.beta.threads.messages.create(thread.id, role="user", content=text)
    client.beta.threads.messages.create(thread_id=thread.id, role="user", content=text, attachments=[])
    run = client.beta.threads.runs.create_and_poll(
        thread_id=thread.id,
        assistant_id="asst_x",
    )
    for one in self.client.beta.threads.messages.list(thread_id=thread.id, order="asc"):
        print(one)
    client.beta.threads.delete(thread.id)
"""
    after = rewritten(source).splitlines()
    assert after[1:3] == [
        '    thread = client.conversations.create(items=[], metadata={"a": "b"})  # kept',
        '    client.conversations.items.create(thread.id, items=[{"role": "user", "content": text}])',
    ]
    assert after[3].startswith("    # MIGRATE: beta.threads.messages.create → ")
    assert after[4] == '    client.beta.threads.messages.create(thread_id=thread.id, role="user", content=text, attachments=[])'
    assert after[5].startswith("    # MIGRATE: beta.threads.runs.create_and_poll → ")
    assert after[10] == '    for one in self.client.conversations.items.list(conversation_id=thread.id, order="asc"):'
    assert after[12] == "    client.conversations.delete(thread.id)"
    compile("\n".join(after), "after", "exec")


def test_draft_is_a_patch(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bot.py").write_text("client.beta.threads.retrieve('thread_x')\n")
    assert main(["scan", "--diff", str(tmp_path)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[-2:] == ["-client.beta.threads.retrieve('thread_x')", "+client.conversations.retrieve('thread_x')"]
    assert lines[0].startswith("--- a/")


@pytest.mark.parametrize(
    "source",
    [
        "client.responses.create()\n",
        "x = 1\r\ny = client.beta.threads.create(**options)\r\n",
        "if (t := client.beta.threads.create()): pass",
        "f(client.beta.threads.create(), client.beta.threads.runs.create(t, assistant_id=a))\n",
        "threads = client.beta.threads\nthreads.create()\n",
    ],
)
def test_draft_is_still_python(source: str) -> None:
    from threadlab.migrate.draft import rewritten

    compile(rewritten(source), "after", "exec")


def test_what_is_no_ordinary_file_is_not_waited_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo(tmp_path / "pipe.py")
    (tmp_path / "gone.py").symlink_to(tmp_path / "nowhere")
    (tmp_path / "folder.py").mkdir()
    (tmp_path / "round").symlink_to(tmp_path)
    (tmp_path / "folder.py" / "OLD.PY").write_text("client.beta.threads.create()")
    assert main(["scan", str(tmp_path)]) == 1
    told = capsys.readouterr()
    assert told.out.endswith("1 file read; 1 use of the Assistants API in 1 of them.\n")
    assert sorted(line.split(": not read: ")[1] for line in told.err.splitlines()) == [
        "it is a link to a file that is not there",
        "it is no ordinary file",
    ]
    assert main(["scan", str(tmp_path / "pipe.py")]) == 2


@pytest.mark.parametrize("nested", ["(" * 5000 + ")" * 5000, "x = " + "+".join(["1"] * 30_000)])
def test_code_that_is_nested_too_deeply_is_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str], nested: str) -> None:
    (tmp_path / "deep.py").write_text(nested)
    assert main(["scan", str(tmp_path)]) == 2
    assert "deep.py: not read: " in capsys.readouterr().err


@pytest.mark.parametrize(
    "source",
    [
        b"client.beta.threads.create()",
        b"x = 1\r\nclient.beta.threads.create()\r\nclient.beta.threads.runs.create(x)\r\n",
        b"x = 1\n\x0c\nclient.beta.threads.create()\nclient.beta.threads.runs.create(x)\n",
        "x = 'a\u2028b'\nclient.beta.threads.runs.create(x)\n".encode(),
        b"\xef\xbb\xbfclient.beta.threads.create()\n",
    ],
)
def test_draft_can_be_applied(tmp_path: Path, source: bytes) -> None:
    """By git, as it comes out of the command, whatever ends the lines."""
    (tmp_path / "bot.py").write_bytes(source)
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    told = subprocess.run([sys.executable, "-m", "threadlab", "scan", "--diff", "bot.py"], cwd=tmp_path, capture_output=True, check=False)
    assert told.returncode == 1
    subprocess.run(["git", "apply", "--verbose", "-"], cwd=tmp_path, input=told.stdout, check=True, capture_output=True)
    after = (tmp_path / "bot.py").read_bytes()
    assert after != source
    compile(after, "after", "exec")


def test_file_in_another_encoding_has_a_draft(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bot.py").write_bytes(b"# -*- coding: latin-1 -*-\nclient.beta.threads.create()  # caf\xe9\n")
    assert main(["scan", "--diff", str(tmp_path)]) == 1
    assert "+client.conversations.create()  # café" in capsys.readouterr().out

"""Export and import: the same order, the same roles, nothing twice, nothing lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import openai
import pytest

from tests.threadlab.engine.desk import WEATHER, Desk, desk
from tests.threadlab.service.test_cli import serving
from threadlab.cli import main
from threadlab.engine.assistants_api.threads import MOST_AT_CREATION
from threadlab.errors import ThreadlabError
from threadlab.migrate.carry import carry
from threadlab.migrate.export import export


class Killed(BaseException):
    """The process ends here."""


def talk(at: Desk, count: int) -> str:
    """A thread of so many messages, by turns of both roles; its id."""
    roles = ("user", "assistant")
    messages = [{"role": roles[index % 2], "content": f"message {index}"} for index in range(count)]
    return filled(at.client, messages, {"owner": "me"})


def filled(client: openai.OpenAI, messages: list[Any], metadata: dict[str, str] | None = None) -> str:
    """A thread with these messages: the first at its creation, which takes no more than that."""
    threads = client.beta.threads
    thread = threads.create(messages=messages[:MOST_AT_CREATION], metadata=metadata or {})
    for message in messages[MOST_AT_CREATION:]:
        threads.messages.create(thread.id, role=message["role"], content=message["content"])
    return thread.id


def said(client: openai.OpenAI, conversation: str) -> list[tuple[str, str]]:
    items = client.conversations.items.list(conversation, order="asc", limit=100)
    return [(item.role, item.content[0].text) for item in items if item.type == "message"]  # type: ignore[union-attr]


def expected(count: int) -> list[tuple[str, str]]:
    return [(("user", "assistant")[index % 2], f"message {index}") for index in range(count)]


def test_messages_keep_their_order_and_roles(tmp_path: Path) -> None:
    with desk() as at, at.service.time():
        counts = export(at.client, talk(at, 250), tmp_path / "t.jsonl")
        result = carry(at.client, tmp_path / "t.jsonl", tmp_path / "map")
        assert (counts, result.items, result.added) == ({"thread": 1, "message": 250}, 250, 250)
        assert said(at.client, result.conversation) == expected(250)
        assert at.client.conversations.retrieve(result.conversation).metadata == {"owner": "me"}
        again = carry(at.client, tmp_path / "t.jsonl", tmp_path / "map")
        assert (again.conversation, again.added) == (result.conversation, 0)
        assert said(at.client, result.conversation) == expected(250)


@pytest.mark.parametrize("fault", ["reply_lost", "request_lost", "500_after", "503", "reply_silent"])
def test_batch_that_arrives_twice_is_imported_once(tmp_path: Path, fault: str) -> None:
    """A lost reply does not say whether the batch was carried out."""
    with desk(scenario=f"{fault}@createConversationItems%40 seed:3") as at, at.service.time():
        export(at.client, talk(at, 200), tmp_path / "t.jsonl")
        result = carry(at.client, tmp_path / "t.jsonl", tmp_path / "map")
        assert said(at.client, result.conversation) == expected(200)


@pytest.mark.parametrize("when", ["before", "after", "torn"])
def test_kill_loses_and_doubles_no_items(tmp_path: Path, when: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed at every third request, before it or after it, or while the map was being written."""
    from openai.resources.conversations import Items

    create = Items.create
    with desk() as at, at.service.time():
        export(at.client, talk(at, 200), tmp_path / "t.jsonl")
        count = 0

        def dying(self: Any, *arguments: Any, **options: Any) -> Any:
            nonlocal count
            count += 1
            if when == "before" and count % 3 == 0:
                raise Killed
            answer = create(self, *arguments, **options)
            if count % 3 == 0:
                if when == "torn":
                    with (tmp_path / "map").open("a") as file:
                        file.write('{"from": "msg_')
                raise Killed
            return answer

        monkeypatch.setattr(Items, "create", dying)
        kills = 0
        while True:
            try:
                result = carry(at.client, tmp_path / "t.jsonl", tmp_path / "map")
                break
            except Killed:
                kills += 1
        assert kills >= 3
        assert said(at.client, result.conversation) == expected(200)


def test_tool_calls_are_carried_along(tmp_path: Path) -> None:
    with desk() as at, at.service.time():
        thread_id = at.thread("What is the weather in Paris?")
        run = at.finished(thread_id, tools=[WEATHER])
        outputs = [{"tool_call_id": call.id, "output": "Sunny."} for call in run.required_action.submit_tool_outputs.tool_calls]
        at.threads.runs.submit_tool_outputs(run.id, thread_id=thread_id, tool_outputs=outputs)
        at.wait(5)
        export(at.client, thread_id, tmp_path / "t.jsonl")
        result = carry(at.client, tmp_path / "t.jsonl", tmp_path / "map")
        items = at.client.conversations.items.list(result.conversation, order="asc").data
        assert [item.type for item in items] == ["message", "function_call", "function_call_output", "message"]
        answer = at.client.responses.create(model="gpt-4o", input="What is the capital of France?", conversation=result.conversation)
        assert answer.output_text == "The capital of France is Paris."


def test_every_loss_is_reported(tmp_path: Path) -> None:
    with desk() as at, at.service.time():
        file = at.client.files.create(file=("a.txt", b"Words."), purpose="assistants")
        attachments = [{"file_id": file.id, "tools": [{"type": "file_search"}]}]
        message = {"role": "user", "content": "Hello", "attachments": attachments, "metadata": {"a": "b"}}
        thread = at.threads.create(messages=[message])  # type: ignore[list-item]
        export(at.client, thread.id, tmp_path / "t.jsonl")
        kept = [json.loads(line) for line in (tmp_path / "t.jsonl").read_text().splitlines()]
        assert [line["line"] for line in kept] == ["thread", "message", "file"]
        assert kept[2]["filename"] == "a.txt"
        result = carry(at.client, tmp_path / "t.jsonl", tmp_path / "map")
        assert result.left == {"attachments": 1, "metadata of messages": 1}


def test_map_of_another_file_is_refused(tmp_path: Path) -> None:
    with desk() as at, at.service.time():
        for name in ("one", "two"):
            export(at.client, talk(at, 3), tmp_path / name)
        carry(at.client, tmp_path / "one", tmp_path / "map")
        with pytest.raises(ThreadlabError, match="is the map of another file"):
            carry(at.client, tmp_path / "two", tmp_path / "map")
        (tmp_path / "other").write_text("{}\n")
        with pytest.raises(ThreadlabError, match="is not an exported thread"):
            carry(at.client, tmp_path / "other", tmp_path / "map2")


def test_silent_service_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-x")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr("openai._base_client.MAX_RETRY_DELAY", 0.0)
    assert main(["export", "thread_x", "--base-url", "http://127.0.0.1:9/v1", "-o", str(tmp_path / "x")]) == 1
    assert "does not answer" in capsys.readouterr().err
    assert not (tmp_path / "x").exists()


@pytest.mark.slow
def test_ten_thousand_messages_survive_a_kill_half_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over HTTP, by the command itself, killed by the system several times."""
    monkeypatch.setenv("THREADLAB_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    count = 10_000
    with serving("--any-id", "--quiet") as (_, port):
        url = f"http://127.0.0.1:{port}/v1"
        environment = {**os.environ, "OPENAI_API_KEY": "sk-any"}
        with openai.OpenAI(base_url=url, api_key="sk-any") as client:
            messages = [{"role": role, "content": text} for role, text in expected(count)]
            thread_id = filled(client, messages)
            command = [sys.executable, "-m", "threadlab"]
            subprocess.run([*command, "export", thread_id, "--base-url", url, "-o", "t.jsonl"], cwd=tmp_path, env=environment, check=True)
            bring = [*command, "import", "t.jsonl", "--base-url", url]
            grown = 0
            for _ in range(4):
                with subprocess.Popen(bring, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True) as process:
                    seen = tmp_path / "t.jsonl.map"
                    while process.poll() is None and (seen.stat().st_size if seen.exists() else 0) < grown + 60_000:
                        time.sleep(0.01)
                    process.send_signal(signal.SIGKILL)
                grown = seen.stat().st_size
            done = subprocess.run(bring, cwd=tmp_path, env=environment, check=True, capture_output=True, text=True)
            assert 0 < int(done.stdout.split(" of them")[0].split()[-1]) < count
            assert said(client, done.stdout.partition(":")[0]) == expected(count)

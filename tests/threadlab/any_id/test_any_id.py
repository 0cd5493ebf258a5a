"""`serve --any-id` over HTTP, asked as an SDK's generated tests ask."""

from __future__ import annotations

import asyncio
import http.client
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

from tests.threadlab.any_id.calls import CALLS, LATER, STREAMS, Asked
from tests.threadlab.service.test_cli import serving
from threadlab.engine.routes import TABLE

pytestmark = pytest.mark.filterwarnings("ignore:deprecated$:DeprecationWarning")
FAMILY = {name for _, path, name, _ in TABLE if path.startswith(("/assistants", "/threads"))}


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A server of its own, on a quick clock, so that streams end soon."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("THREADLAB_HOME", str(tmp_path_factory.mktemp("home")))
        patch.setenv("NO_PROXY", "127.0.0.1")
        with serving("--any-id", "--quiet", "--clock", "x500") as (_, port):
            yield port


@pytest.fixture(params=["/v1", ""], ids=["v1", "bare"])
def options(request: pytest.FixtureRequest, port: int, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    base_url = f"http://127.0.0.1:{port}{request.param}"
    return {"base_url": base_url, "api_key": "My API Key", "_strict_response_validation": True, "max_retries": 0}


def test_every_operation_is_called() -> None:
    assert {asked.operation for asked in CALLS} == FAMILY
    assert len(FAMILY) == 23


@pytest.mark.parametrize("asked", [*CALLS, *LATER], ids=str)
def test_literal_ids_are_answered(options: dict[str, Any], asked: Asked) -> None:
    with openai.OpenAI(**options) as client:
        answer = asked.method(client)(*asked.arguments, **asked.options)
    assert isinstance(answer, asked.kind)


@pytest.mark.parametrize("asked", CALLS, ids=str)
def test_literal_ids_are_answered_for_asynchronous_clients(options: dict[str, Any], asked: Asked) -> None:
    async def main() -> Any:
        async with openai.AsyncOpenAI(**options) as client:
            return await asked.method(client)(*asked.arguments, **asked.options)

    assert isinstance(asyncio.run(main()), asked.kind)


@pytest.mark.parametrize("asked", STREAMS, ids=str)
def test_literal_ids_are_answered_with_a_stream(options: dict[str, Any], asked: Asked) -> None:
    with openai.OpenAI(**options) as client, asked.method(client)(*asked.arguments, **asked.options) as stream:
        names = [event.event for event in stream]
    assert names[-1] == "thread.run.completed"


@pytest.mark.parametrize("asked", STREAMS, ids=str)
def test_asynchronous_clients_get_a_stream(options: dict[str, Any], asked: Asked) -> None:
    async def main() -> list[str]:
        async with openai.AsyncOpenAI(**options) as client:
            stream = await asked.method(client)(*asked.arguments, **asked.options)
            return [event.event async for event in stream]

    assert asyncio.run(main())[-1] == "thread.run.completed"


def ask(port: int, method: str, path: str, body: object = None) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request(method, path, None if body is None else json.dumps(body), {})
    response = connection.getresponse()
    answer = json.loads(response.read())
    connection.close()
    return response.status, answer


def test_answer_has_the_id_that_was_asked(port: int) -> None:
    status, run = ask(port, "POST", "/v1/threads/string/runs/string/cancel")
    assert status == 200
    assert (run["id"], run["thread_id"], run["status"]) == ("string", "string", "cancelling")


def test_any_key_and_no_beta_header_will_do(port: int) -> None:
    assert ask(port, "GET", "/assistants/string")[0] == 200


@pytest.mark.parametrize(("operation", "status"), [("cancel", "cancelling"), ("submit_tool_outputs", "queued")])
def test_same_request_is_answered_a_second_time(port: int, operation: str, status: str) -> None:
    body = {"tool_outputs": [{"tool_call_id": "call", "output": "x"}]} if operation != "cancel" else None
    for _ in range(3):
        code, run = ask(port, "POST", f"/threads/twice/runs/{operation}/{operation}", body)
        assert (code, run["status"]) == (200, status)
        assert ask(port, "GET", f"/threads/twice/runs/{operation}")[1]["id"] == operation


def test_thread_is_free_for_the_next_test(port: int) -> None:
    for _ in range(2):
        assert ask(port, "POST", "/threads/locked/runs", {"assistant_id": "string"})[0] == 200
        assert ask(port, "POST", "/threads/locked/messages", {"role": "user", "content": "x"})[0] == 200


def test_what_was_created_is_read_again(port: int) -> None:
    _, thread = ask(port, "POST", "/threads", {"metadata": {"mine": "yes"}})
    assert ask(port, "GET", f"/threads/{thread['id']}")[1]["metadata"] == {"mine": "yes"}


def test_one_literal_stands_for_several_kinds(port: int) -> None:
    _, step = ask(port, "GET", "/threads/string/runs/string/steps/string")
    assert (step["object"], step["id"], step["run_id"], step["thread_id"]) == ("thread.run.step", "string", "string", "string")
    assert ask(port, "GET", "/threads/string/messages/string")[1]["object"] == "thread.message"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/files/file_id"),
        ("DELETE", "/files/file_id"),
        ("GET", "/vector_stores/vector_store_id"),
        ("GET", "/vector_stores/vector_store_id/files/file-abc123"),
        ("GET", "/vector_stores/vector_store_id/file_batches/batch_id"),
        ("POST", "/vector_stores/vector_store_id/file_batches/batch_id/cancel"),
        ("GET", "/vector_stores/vector_store_id/file_batches/batch_id/files?limit=0&after=after"),
    ],
)
def test_literal_file_is_answered(port: int, method: str, path: str) -> None:
    assert ask(port, method, path)[0] == 200


def test_store_of_the_user_stays_empty(port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THREADLAB_HOME", str(tmp_path))
    with serving("--any-id", "--quiet") as (_, other):
        assert ask(other, "GET", "/threads/string")[0] == 200
    assert not list(tmp_path.glob("*.db"))


def test_refused_part_alone_is_left_out(port: int) -> None:
    status, made = ask(
        port, "POST", "/v1/threads", {"metadata": {"a": "b"}, "of_next_year": 1, "messages": [{"role": "user", "content": "Hi", "mood": 2}]}
    )
    assert status == 200
    assert made["metadata"] == {"a": "b"}
    status, refused = ask(port, "POST", "/v1/assistants", {"of_next_year": 1})
    assert (status, refused["error"]["param"]) == (400, "of_next_year")  # what is left has no model: the first refusal stands

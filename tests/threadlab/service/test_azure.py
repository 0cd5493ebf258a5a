"""Azure's clients of the SDK: in process and over HTTP, synchronous and not, streaming, both API families."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

from tests.threadlab.service.test_cli import serving
from threadlab.errors import ThreadlabError
from threadlab.service.in_process import Service

PARIS = "The capital of France is Paris."
FRANCE = "What is the capital of France?"


@pytest.fixture
def service() -> Iterator[Service]:
    with Service(deployments={"support-bot": "gpt-4o"}) as one:
        yield one


def turn(client: openai.OpenAI, model: str) -> tuple[str, str]:
    """A turn on a thread and one of Responses."""
    threads = client.beta.threads
    assistant = client.beta.assistants.create(model=model)
    thread = threads.create(messages=[{"role": "user", "content": FRANCE}])
    run = threads.runs.create_and_poll(thread_id=thread.id, assistant_id=assistant.id)
    assert (run.status, run.model) == ("completed", model)
    said: Any = threads.messages.list(thread.id, limit=1).data[0].content[0]
    return said.text.value, client.responses.create(model=model, input=FRANCE).output_text


@pytest.mark.parametrize("model", ["gpt-4o", "support-bot"])
def test_deployment_is_a_model(service: Service, model: str) -> None:
    with service.time():
        assert turn(service.azure_client(max_retries=0), model) == (PARIS, PARIS)


def test_streams_come_through(service: Service) -> None:
    client = service.azure_client(max_retries=0)
    assistant = client.beta.assistants.create(model="support-bot")
    thread = client.beta.threads.create(messages=[{"role": "user", "content": FRANCE}])
    with service.time():
        with client.beta.threads.runs.stream(thread_id=thread.id, assistant_id=assistant.id) as stream:
            assert "".join(stream.text_deltas) == PARIS
        events = list(client.responses.create(model="support-bot", input=FRANCE, stream=True))
    assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == PARIS


def test_asynchronous_client_holds_a_turn(service: Service) -> None:
    async def main() -> list[str]:
        client = service.async_azure_client(max_retries=0)
        assistant = await client.beta.assistants.create(model="support-bot")
        thread = await client.beta.threads.create(messages=[{"role": "user", "content": FRANCE}])
        async with client.beta.threads.runs.stream(thread_id=thread.id, assistant_id=assistant.id) as stream:
            streamed = "".join([delta async for delta in stream.text_deltas])
        conversation = await client.conversations.create()
        answer = await client.responses.create(model="support-bot", input=FRANCE, conversation=conversation.id)
        return [streamed, answer.output_text]

    with service.time():
        assert asyncio.run(main()) == [PARIS, PARIS]


def test_both_clients_see_the_same_objects(service: Service) -> None:
    thread = service.azure_client().beta.threads.create(metadata={"a": "b"})
    assert service.client().beta.threads.retrieve(thread.id).metadata == {"a": "b"}


def test_client_of_openai_works_on_the_newer_path(service: Service) -> None:
    """doc: Azure's v1 API has `/openai/v1/` and no version."""
    client = service.client(base_url="http://threadlab.invalid/openai/v1/", max_retries=0)
    with service.time():
        assert turn(client, "support-bot") == (PARIS, PARIS)


def test_named_deployment_of_the_client_is_no_part_of_thread_paths(service: Service) -> None:
    """sdk: `lib/azure.py` leaves the deployment out of every path but those of completions and the like."""
    assert service.azure_client(azure_deployment="support-bot").beta.threads.create().id.startswith("thread_")


# ---- what the resource refuses ---------------------------------------------------------------------------------------------------------


def body_of(error: openai.APIStatusError) -> Any:
    return error.response.json()["error"]


def test_wrong_key_is_refused_in_the_words_of_azure(service: Service) -> None:
    """Seen: SciSharp/BotSharp#386."""
    with pytest.raises(openai.AuthenticationError) as refused:
        service.azure_client(api_key="wrong", max_retries=0).beta.threads.create()
    said = body_of(refused.value)
    assert said["code"] == "401"
    assert said["message"].startswith("Access denied due to invalid subscription key or wrong API endpoint.")


def test_token_of_azure_is_a_key_too(service: Service) -> None:
    client = service.azure_client(api_key=None, azure_ad_token=service.key)
    assert client.beta.threads.create().id


@pytest.mark.parametrize("path", ["/openai/threads", "/openai/threads?api-version=new", "/openai/threads?api-version=2023-05-15"])
def test_path_without_a_fitting_version_is_no_resource(service: Service, path: str) -> None:
    """Seen: davidmigloz/langchain_dart#606 has the body; Azure-Samples/azureai-samples#77 that an old version gets it."""
    reply = service.azure_client()._client.post(f"http://threadlab.invalid{path}", headers={"api-key": service.key}, json={})
    assert (reply.status_code, reply.json()) == (404, {"error": {"code": "404", "message": "Resource not found"}})


def test_deployment_in_the_path_of_threads_is_no_resource(service: Service) -> None:
    """Seen: davidmigloz/langchain_dart#606."""
    path = "http://threadlab.invalid/openai/deployments/gpt-4o/threads?api-version=2024-08-01-preview"
    reply = service.azure_client()._client.post(path, headers={"api-key": service.key}, json={})
    assert (reply.status_code, reply.json()) == (404, {"error": {"code": "404", "message": "Resource not found"}})


def test_responses_need_a_newer_version(service: Service) -> None:
    """Seen: Aider-AI/aider#4029."""
    with pytest.raises(openai.BadRequestError) as refused:
        service.azure_client(api_version="2024-10-21", max_retries=0).responses.create(model="gpt-4o", input="Hello")
    said = "Azure OpenAI Responses API is enabled only for api-version 2025-03-01-preview and later"
    assert body_of(refused.value)["message"] == said


def test_unknown_deployment_is_not_found(service: Service) -> None:
    """Seen: Azure-Samples/azureai-assistant-tool#13."""
    with pytest.raises(openai.NotFoundError) as refused:
        service.azure_client(max_retries=0).responses.create(model="no-such-bot", input="Hello")
    assert body_of(refused.value)["code"] == "DeploymentNotFound"


def test_lock_is_told_in_the_words_of_the_api(service: Service) -> None:
    client = service.azure_client(max_retries=0)
    run = client.beta.threads.create_and_run(
        assistant_id=client.beta.assistants.create(model="gpt-4o").id, thread={"messages": [{"role": "user", "content": FRANCE}]}
    )
    with pytest.raises(openai.BadRequestError, match=r"Can't add messages to thread_.* while a run run_.* is active"):
        client.beta.threads.messages.create(run.thread_id, role="user", content="And?")


# ---- over HTTP --------------------------------------------------------------------------------------------------------------------------


def test_azure_client_holds_a_turn_over_http(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THREADLAB_HOME", str(tmp_path))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    options = (
        "--store",
        ":memory:",
        "--clock",
        "x50",
        "--quiet",
        "--key-file",
        str(tmp_path / "key"),
        "--deployment",
        "support-bot=gpt-4o",
    )
    with serving(*options) as (_, port):
        key = (tmp_path / "key").read_text().strip()
        endpoint: Any = {"azure_endpoint": f"http://127.0.0.1:{port}", "api_version": "2025-04-01-preview", "api_key": key}
        with openai.AzureOpenAI(**endpoint, max_retries=0) as client:
            assert turn(client, "support-bot") == (PARIS, PARIS)
            big = client.files.create(file=("big.txt", b"x" * 200_000), purpose="assistants")
            assert big.bytes == 200_000  # what comes with a good key is read to its end


@pytest.mark.parametrize("given", [{"bot": "no-such-model"}, {"bot": ""}])
def test_deployment_of_no_model_is_refused(given: dict[str, str]) -> None:
    with pytest.raises(ThreadlabError, match="there has never been one of that name"):
        Service(deployments=given)

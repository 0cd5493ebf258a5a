"""The service with a hosted responder, its model in another process.

The model is another Threads service, asked at its Responses endpoint, or an endpoint that does what the test tells it to.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from tests.threadlab.engine.desk import WEATHER
from tests.threadlab.responders.serving import KEY, USAGE, Endpoint, Service, bridged, chat_chunk, serving, streams
from threadlab.responders.hosted import Hosted
from threadlab.service import listen
from threadlab.wire.prompts import Answer, Prompt, Turn

QUESTION = "What is the capital of France?"


@pytest.fixture(scope="module")
def bridge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service whose model is another one's scripted expert."""
    folder = tmp_path_factory.mktemp("bridge")
    with serving(folder / "model", "--clock", "x50") as model, bridged(folder / "bridge", f"{model.url}/v1", model.key) as service:
        yield service


def eventually(fact: Callable[[], object], what: str, limit: float = 30.0) -> None:
    end = time.monotonic() + limit
    while not fact():
        if time.monotonic() > end:
            pytest.fail(f"waited {limit} s in vain: {what}")
        time.sleep(0.02)


def started(client: Any, text: str, **options: Any) -> Any:
    """A run on a thread of its own."""
    assistant = client.beta.assistants.create(model="gpt-4o")
    thread = client.beta.threads.create(messages=[{"role": "user", "content": text}])
    return client.beta.threads.runs.create(thread.id, assistant_id=assistant.id, **options)


def now(client: Any, run: Any) -> Any:
    return client.beta.threads.runs.retrieve(run.id, thread_id=run.thread_id)


def ended(client: Any, run: Any) -> Any:
    eventually(lambda: now(client, run).status not in ("queued", "in_progress", "cancelling"), "the run to end")
    return now(client, run)


# ---- an old application ----------------------------------------------------------------------------------------------------------------


def test_old_application_runs_over_the_bridge(bridge: Service) -> None:
    client = bridge.client()
    run = ended(client, started(client, QUESTION))
    assert (run.status, run.last_error) == ("completed", None)
    newest = client.beta.threads.messages.list(run.thread_id).data[0]
    assert newest.content[0].text.value == "The capital of France is Paris."
    assert run.usage.total_tokens == run.usage.prompt_tokens + run.usage.completion_tokens > 0


def test_words_arrive_as_the_model_writes_them(bridge: Service) -> None:
    client = bridge.client()
    assistant = client.beta.assistants.create(model="gpt-4o")
    thread = client.beta.threads.create(messages=[{"role": "user", "content": QUESTION}])
    with client.beta.threads.runs.stream(thread_id=thread.id, assistant_id=assistant.id) as stream:
        words = list(stream.text_deltas)
    assert words == ["The", " capital", " of", " France", " is", " Paris."]


def test_tool_calls_pass_the_bridge(bridge: Service) -> None:
    client = bridge.client()
    run = ended(client, started(client, "What is the weather in Paris?", tools=[WEATHER]))
    (call,) = run.required_action.submit_tool_outputs.tool_calls
    assert (run.status, call.function.name, call.function.arguments) == ("requires_action", "get_weather", '{"city": "Paris"}')
    outputs = [{"tool_call_id": call.id, "output": "Sunny."}]
    client.beta.threads.runs.submit_tool_outputs(run.id, thread_id=run.thread_id, tool_outputs=outputs)
    assert ended(client, run).status == "completed"
    newest = client.beta.threads.messages.list(run.thread_id).data[0]
    assert newest.content[0].text.value == "get_weather says: Sunny."


def test_responses_pass_the_bridge(bridge: Service) -> None:
    client = bridge.client()
    conversation = client.conversations.create().id
    first = client.responses.create(model="gpt-4o", input=QUESTION, conversation=conversation)
    assert (first.status, first.output_text) == ("completed", "The capital of France is Paris.")
    with client.responses.stream(model="gpt-4o", input="What is its population?", conversation=conversation) as stream:
        events = [event.type for event in stream]
        second = stream.get_final_response()
    assert second.output_text.startswith("France has about")
    assert events.count("response.output_text.delta") > 1
    third = client.responses.create(model="gpt-4o", input=QUESTION, background=True)
    eventually(lambda: client.responses.retrieve(third.id).status == "completed", "the response to end")


# ---- the model's own faults ------------------------------------------------------------------------------------------------------------


def test_fault_of_the_model_fails_the_run(tmp_path: Path) -> None:
    faults = [  # each is counted among the calls that get as far as it does
        ("429@createResponse#1", "rate_limit_exceeded", "answered 429"),
        ("quota@createResponse#2", "rate_limit_exceeded", "answered 429"),
        ("500@createResponse#3", "server_error", "answered 500"),
        ("reply_lost@createResponse#1", "server_error", "could not be made, or broke"),
        ("stream_cut:5@createResponse#2", "server_error", "could not be made, or broke"),
        ("run_failed:rate_limit_exceeded@createResponse#3", "rate_limit_exceeded", "Please try again in 1s"),
        ("slow:5000@createResponse#4", "server_error", "said nothing"),
    ]
    scenario = " ".join(fault for fault, _, _ in faults)
    prompt = Prompt("gpt-4o", "", [Turn("user", QUESTION)])
    with serving(tmp_path / "model", "--clock", "x50", "--scenario", scenario) as model:

        async def ask(patience: float) -> Any:
            async with aclosing(Hosted(f"{model.url}/v1", model.key, retries=0, patience=patience)) as hosted:
                *_, answer = [part async for part in hosted.answer(prompt)]
                return answer

        for fault, code, words in faults:
            # A busy computer is no fault of the model's: only the one that says nothing is not waited for.
            answer = asyncio.run(ask(1.0 if words == "said nothing" else 60.0))
            assert isinstance(answer, Answer)
            assert answer.failure is not None, fault
            assert (answer.failure.code, words in answer.failure.message) == (code, True), answer.failure


class Slow:
    """An endpoint that answers "slow" only when it is let go, and everything else at once."""

    def __init__(self) -> None:
        self.go = threading.Event()

    def __call__(self, handler: Any, body: dict[str, Any]) -> None:
        if body["messages"][-1]["content"] != "slow":
            streams(handler, chat_chunk("Quick."), chat_chunk(finish="stop"), chat_chunk(usage=USAGE), "[DONE]")
            return
        streams(handler, chat_chunk("It "))
        for _ in range(1000):
            if self.go.wait(0.03):
                break
            handler.wfile.write(b": still here\n\n")
        for chunk in (chat_chunk("was slow."), chat_chunk(finish="stop")):
            handler.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())


@pytest.fixture(scope="module")
def slowly(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, Endpoint, Slow]]:
    slow = Slow()
    with Endpoint(slow) as endpoint, slow_bridge(tmp_path_factory.mktemp("slow"), endpoint) as service:
        yield service, endpoint, slow
        slow.go.set()


@pytest.fixture
def slow_service(slowly: tuple[Service, Endpoint, Slow]) -> tuple[Service, Endpoint, Slow]:
    slowly[2].go.clear()
    slowly[1].gone.clear()
    return slowly


Slowly = tuple[Service, Endpoint, Slow]


def slow_bridge(folder: Path, endpoint: Endpoint, more: tuple[str, ...] = (), **options: Any) -> Any:
    return bridged(folder, endpoint.url, KEY, "--responder-api", "chat", "--responder-model", "m", *more, **options)


def test_slow_model_leaves_other_requests_alone(slow_service: Slowly) -> None:
    service, endpoint, slow = slow_service
    client = service.client()
    waiting = [started(client, "slow") for _ in range(3)]
    eventually(lambda: all(now(client, run).status == "in_progress" for run in waiting), "the slow runs to begin")
    assert ended(client, started(client, "quick")).status == "completed"
    assert [now(client, run).status for run in waiting] == ["in_progress"] * 3
    slow.go.set()
    assert [ended(client, run).status for run in waiting] == ["completed"] * 3
    assert client.beta.threads.messages.list(waiting[0].thread_id).data[0].content[0].text.value == "It was slow."
    assert {body["model"] for body in endpoint.asked} == {"m"}


def test_cancelled_run_ends_the_request_to_the_model(slow_service: Slowly) -> None:
    service, endpoint, _ = slow_service
    client = service.client()
    run = started(client, "slow")
    eventually(lambda: len(client.beta.threads.messages.list(run.thread_id).data) == 2, "the first word")
    client.beta.threads.runs.cancel(run.id, thread_id=run.thread_id)
    assert ended(client, run).status == "cancelled"
    assert endpoint.gone.wait(30)


def test_run_goes_on_when_its_client_leaves(slow_service: Slowly) -> None:
    service, _, slow = slow_service
    client = service.client()
    assistant = client.beta.assistants.create(model="gpt-4o")
    thread = client.beta.threads.create(messages=[{"role": "user", "content": "slow"}])
    with client.beta.threads.runs.create(thread.id, assistant_id=assistant.id, stream=True) as stream:
        run = next(iter(stream)).data
    slow.go.set()
    assert ended(client, run).status == "completed"


@pytest.mark.slow
def test_expired_run_ends_the_request_to_the_model(tmp_path: Path) -> None:
    """The ten minutes take a second here, and nobody asks the service anything meanwhile."""
    with Endpoint(Slow()) as endpoint, slow_bridge(tmp_path, endpoint, more=("--clock", "x600")) as service:
        client = service.client()
        run = started(client, "slow")
        assert endpoint.gone.wait(30)
        assert now(client, run).status == "expired"


@pytest.mark.slow
def test_killed_service_asks_again(tmp_path: Path) -> None:
    slow = Slow()
    with listen.open_socket(0) as free:
        port = free.getsockname()[1]
    store = str(tmp_path / "threads.db")
    with Endpoint(slow) as endpoint:
        with slow_bridge(tmp_path, endpoint, store=store, port=port) as service:
            client = service.client()
            run = started(client, "slow")
            eventually(lambda: len(client.beta.threads.messages.list(run.thread_id).data) == 2, "the first word")
            service.process.kill()
            service.process.wait()
        slow.go.set()
        with slow_bridge(tmp_path, endpoint, store=store, port=port) as service:
            client = service.client()
            assert ended(client, run).status == "completed"
            texts = [message.content[0].text.value for message in client.beta.threads.messages.list(run.thread_id).data]
            assert texts == ["It was slow.", "slow"]
        assert len(endpoint.asked) == 2


# ---- whom it must not ask, and what it must not say ------------------------------------------------------------------------------------


def test_endpoint_that_is_the_service_itself_is_refused(tmp_path: Path) -> None:
    with listen.open_socket(0) as free:
        port = free.getsockname()[1]
    refused = pytest.raises(AssertionError, match="would ask this Threads service itself")
    with refused, bridged(tmp_path, f"http://localhost:{port}/v1", port=port):
        pass


@pytest.mark.slow
def test_key_is_written_nowhere(tmp_path: Path) -> None:
    def behave(handler: Any, body: dict[str, Any]) -> None:
        streams(handler, {"error": {"message": f"What a key: {KEY}"}})

    store = tmp_path / "threads.db"
    with Endpoint(behave) as endpoint, slow_bridge(tmp_path / "home", endpoint, store=str(store), quiet=False) as service:
        client = service.client()
        run = ended(client, started(client, "Hello"))
        assert run.last_error.message.endswith("What a key: …")
        arguments = subprocess.run(["ps", "-o", "args", "-p", str(service.process.pid)], capture_output=True, text=True).stdout
        service.process.terminate()
        out, err = service.process.communicate(timeout=30)
        assert endpoint.keys == [f"Bearer {KEY}"]
    assert err == ""
    assert f"Replies come from the model m at {endpoint.url.split('/')[2]}" in service.greeting
    files = b"".join(path.read_bytes() for path in [store, *(tmp_path / "home").rglob("*")] if path.is_file())
    assert KEY not in out + service.greeting + arguments
    assert KEY.encode() not in files


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="needs the processes of a POSIX system")
def test_notebook_says_who_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from threadlab.service.local_server import _started, ensure_server, stop_server

    monkeypatch.setenv("THREADLAB_HOME", str(tmp_path / "home"))
    try:
        assert ensure_server().replies == "a scripted geography expert, not from a model"
        monkeypatch.setenv("THREADLAB_RESPONDER", "echo")
        other = ensure_server()
        assert (other.started_now, other.hosted) == (True, False)
        assert "echo" in other.replies
        monkeypatch.delenv("THREADLAB_RESPONDER")
        assert not ensure_server().started_now  # whoever asks for nobody takes whoever answers
        monkeypatch.setenv("THREADLAB_RESPONDER", "hosted")
        monkeypatch.setenv("THREADLAB_RESPONDER_URL", "http://127.0.0.1:1/v1")
        hosted = ensure_server()
        assert (hosted.started_now, hosted.hosted) == (True, True)
        assert "127.0.0.1:1" in hosted.replies
    finally:
        monkeypatch.setenv("THREADLAB_RESPONDER", "scripted")
        stop_server()
        for process in _started:
            process.wait(timeout=20)
        _started.clear()

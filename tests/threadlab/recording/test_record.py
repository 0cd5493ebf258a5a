"""`serve --record`, `--upstream` and `--replay`, and `drift` of what they wrote, with real processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest

from tests.threadlab.engine.desk import WEATHER
from tests.threadlab.responders.serving import KEY, Endpoint, Service, bridged, chat_chunk, says, serving, streams
from threadlab.recording import exchanges

TURN = Path(__file__).parents[1] / "clients" / "programs" / "turn.py"
CAPITAL = "What is the capital of France?"


@contextmanager
def passing_on(folder: Path, file: Path, endpoint: str, key: str = KEY) -> Iterator[Service]:
    with serving(folder, "--upstream", endpoint, "--record", str(file), THREADLAB_RESPONDER_KEY=key) as service:
        yield service


@contextmanager
def between(folder: Path, file: Path, *options: str) -> Iterator[tuple[Service, Service]]:
    """A service whose script is the model of an endpoint, and one that records it."""
    with ExitStack() as ends:
        model = ends.enter_context(serving(folder / "model", "--clock", "x50", *options))
        yield model, ends.enter_context(passing_on(folder / "proxy", file, f"{model.url}/v1", model.key))


def turn(service: Service) -> str:
    """What a whole conversation of the SDK prints: tools, a stream, files, an error, a response."""
    environment = {**os.environ, "OPENAI_BASE_URL": f"{service.url}/v1", "OPENAI_API_KEY": service.key}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(TURN)], env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def drift(file: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "threadlab", "drift", str(file), *options], capture_output=True, text=True, timeout=120)


# ---- an endpoint -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_recorded_endpoint_is_replayed_and_has_no_drift(tmp_path: Path) -> None:
    """The endpoint is another of these services."""
    file = tmp_path / "r.jsonl"
    with between(tmp_path, file) as (model, proxy):
        said = turn(proxy)
        assert "to which requests go on" in proxy.greeting
        secrets = [model.key, proxy.key]
    assert '"asked": "requires_action"' in said
    assert not any(secret in file.read_text() for secret in secrets)
    with serving(tmp_path / "again", "--replay", str(file)) as again:
        assert turn(again) == said
        with pytest.raises(openai.NotFoundError, match="does not hold this request"):
            again.client().beta.threads.create(metadata={"a": "new one"})
    done = drift(file)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout


def other_thread(handler: Any, body: Any) -> None:
    says(handler, 201, {"id": "thread_0123456789", "object": "thread", "created_at": "today", "metadata": {}})


def test_endpoint_that_differs_has_drift(tmp_path: Path) -> None:
    file = tmp_path / "r.jsonl"
    answers = iter([200, 201])

    def behave(handler: Any, body: Any) -> None:
        says(handler, next(answers), {"id": "thread_0123456789", "object": "thread", "created_at": "today", "metadata": {}})

    with Endpoint(behave) as endpoint, passing_on(tmp_path / "proxy", file, endpoint.url) as proxy:
        client = proxy.client()
        assert client.beta.threads.create().created_at == "today"  # as it came
        client.beta.threads.create()
        assert endpoint.keys == [f"Bearer {KEY}"] * 2
    done = drift(file, "--json")
    assert done.returncode == 1
    assert [(one["line"], one["at"], one["kind"]) for one in json.loads(done.stdout)["drift"]] == [
        (2, "$.tool_resources", "field"),
        (2, "$.created_at", "type"),
        (3, "status", "status"),
    ]
    assert KEY not in file.read_text()


def test_words_of_a_stream_pass_as_they_come(tmp_path: Path) -> None:
    """The second word is sent only after the client has seen the first."""
    seen = threading.Event()

    def behave(handler: Any, body: Any) -> None:
        handler.send_response(200)
        handler.send_header("content-type", "text/event-stream")
        handler.end_headers()
        for word in ("It is ", "Paris."):
            handler.wfile.write(f"data: {json.dumps(chat_chunk(word))}\n\n".encode())
            handler.wfile.flush()
            assert seen.wait(30)
        handler.wfile.write(b"data: [DONE]\n\n")

    with Endpoint(behave) as endpoint, passing_on(tmp_path / "proxy", tmp_path / "r.jsonl", endpoint.url) as proxy:
        words = []
        messages: list[Any] = [{"role": "user", "content": CAPITAL}]
        for chunk in proxy.client().chat.completions.create(model="gpt-4o", messages=messages, stream=True):
            words.append(chunk.choices[0].delta.content)
            seen.set()
    assert words == ["It is ", "Paris."]
    (line,) = exchanges.read(tmp_path / "r.jsonl").lines
    assert line.exchange.events is not None
    assert [event.data if event.data == "[DONE]" else "" for event in line.exchange.events] == ["", "", "[DONE]"]


def test_client_needs_the_key_of_this_service(tmp_path: Path) -> None:
    with Endpoint(other_thread) as endpoint, passing_on(tmp_path / "proxy", tmp_path / "r.jsonl", endpoint.url) as proxy:
        stranger = proxy.client(api_key="sk-threadlab-another")
        with pytest.raises(openai.AuthenticationError):
            stranger.beta.threads.create()
    assert endpoint.asked == []


def test_endpoint_that_is_not_there_is_an_error_of_the_api(tmp_path: Path) -> None:
    with (
        passing_on(tmp_path / "proxy", tmp_path / "r.jsonl", "http://127.0.0.1:9/v1") as proxy,
        pytest.raises(openai.InternalServerError, match=r"The connection to the endpoint at 127\.0\.0\.1:9 could not be made") as error,
    ):
        proxy.client().beta.threads.create()
    assert error.value.status_code == 502
    assert exchanges.read(tmp_path / "r.jsonl").lines == []


def test_stream_that_broke_breaks_again(tmp_path: Path) -> None:
    file = tmp_path / "r.jsonl"
    with between(tmp_path, file, "--scenario", "stream_cut:3") as (_, proxy):
        assert _events(proxy) == 3
    assert exchanges.read(file).lines[-1].exchange.cut
    with serving(tmp_path / "again", "--replay", str(file)) as again:
        assert _events(again) == 3
    assert drift(file).returncode == 0


def _events(service: Service) -> int:
    """How many events come before the connection breaks."""
    client = service.client()
    assistant = client.beta.assistants.create(model="gpt-4o")
    thread: Any = {"messages": [{"role": "user", "content": CAPITAL}]}
    count = 0
    try:
        for _ in client.beta.threads.create_and_run(assistant_id=assistant.id, thread=thread, stream=True):
            count += 1
    except (openai.APIError, httpx2.HTTPError):
        return count
    pytest.fail("the stream did not break")


def test_reply_that_breaks_off_is_an_error_and_is_kept_as_far_as_it_came(tmp_path: Path) -> None:
    def behave(handler: Any, body: Any) -> None:
        handler.send_response(200)
        handler.send_header("content-length", "1000")
        handler.end_headers()
        handler.wfile.write(b"half of")
        handler.close_connection = True

    with Endpoint(behave) as endpoint, passing_on(tmp_path / "proxy", tmp_path / "r.jsonl", endpoint.url) as proxy:
        client = proxy.client()
        with pytest.raises(openai.InternalServerError, match="could not be made, or broke"):
            client.beta.threads.create()
    (line,) = exchanges.read(tmp_path / "r.jsonl").lines
    assert line.exchange.cut
    assert line.exchange.reply == exchanges.Content(text="half of")


# ---- a hosted responder ----------------------------------------------------------------------------------------------------------------


def conversation(service: Service) -> list[str]:
    """A turn with a tool call, and one after it; the texts, oldest first."""
    api = service.client().beta
    assistant = api.assistants.create(model="gpt-4o", instructions="Be brief.", tools=[WEATHER])  # type: ignore[list-item]
    thread = api.threads.create(messages=[{"role": "user", "content": "What is the weather in Paris?"}])
    run = api.threads.runs.create_and_poll(thread_id=thread.id, assistant_id=assistant.id, poll_interval_ms=20)
    assert run.required_action is not None, run.last_error
    calls = run.required_action.submit_tool_outputs.tool_calls
    run = api.threads.runs.submit_tool_outputs_and_poll(
        run_id=run.id,
        thread_id=thread.id,
        tool_outputs=[{"tool_call_id": call.id, "output": "Sunny."} for call in calls],
        poll_interval_ms=20,
    )
    api.threads.messages.create(thread.id, role="user", content=CAPITAL)
    run = api.threads.runs.create_and_poll(thread_id=thread.id, assistant_id=assistant.id, poll_interval_ms=20)
    assert run.status == "completed", run.last_error
    return [message.content[0].text.value for message in api.threads.messages.list(thread.id, order="asc").data]  # type: ignore[union-attr]


@pytest.mark.slow
def test_class_without_a_network_gets_the_same_replies(tmp_path: Path) -> None:
    """The replies of a model, recorded once, are those of a service that has no endpoint any more: every id is another one."""
    file = tmp_path / "r.jsonl"
    with ExitStack() as ends:
        model = ends.enter_context(serving(tmp_path / "model", "--clock", "x50"))
        bridge = ends.enter_context(bridged(tmp_path / "bridge", f"{model.url}/v1", model.key, "--record", str(file)))
        said = conversation(bridge)
        assert f"recorded in {file}" in bridge.greeting
    assert model.key not in file.read_text()
    with serving(tmp_path / "offline", "--replay", str(file)) as offline:
        assert f"the recording {file} of" in offline.greeting
        assert conversation(offline) == said
        assert conversation(offline) == said  # and again, for the next learner
        client = offline.client()
        assistant = client.beta.assistants.create(model="gpt-4o")
        asks: Any = {"messages": [{"role": "user", "content": "Something else?"}]}
        run = client.beta.threads.create_and_run_poll(assistant_id=assistant.id, thread=asks, poll_interval_ms=20)
        assert run.last_error is not None
        assert "does not hold this request (POST /responses)" in run.last_error.message
        assert "--responder-api" not in run.last_error.message


@pytest.mark.slow
def test_endpoint_of_chat_completions_is_recorded_too(tmp_path: Path) -> None:
    file = tmp_path / "r.jsonl"
    with Endpoint(lambda handler, body: streams(handler, chat_chunk("Paris."), chat_chunk(finish="stop"), "[DONE]")) as endpoint:
        options = ("--responder-api", "chat", "--responder-model", "small", "--record", str(file))
        with bridged(tmp_path / "bridge", endpoint.url, KEY, *options) as bridge:
            said = _asked(bridge)
    with serving(tmp_path / "offline", "--replay", str(file)) as offline:
        assert _asked(offline) == said == "Paris."
    done = drift(file)
    assert done.returncode == 2
    assert "this service does not have the operation" in done.stdout


def _asked(service: Service) -> str:
    client = service.client()
    assistant = client.beta.assistants.create(model="gpt-4o")
    asks: Any = {"messages": [{"role": "user", "content": CAPITAL}]}
    run = client.beta.threads.create_and_run_poll(assistant_id=assistant.id, thread=asks, poll_interval_ms=20)
    assert run.status == "completed", run.last_error
    return client.beta.threads.messages.list(run.thread_id).data[0].content[0].text.value  # type: ignore[union-attr]


# ---- what is refused -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--record", "r.jsonl"], "scripted replies come from none"),
        (["--upstream", "http://127.0.0.1:9/v1"], "name the file with --record"),
        (["--upstream", "nowhere", "--record", "r.jsonl"], "not the address of an endpoint"),
        (["--upstream", "http://127.0.0.1:9/v1", "--record", "r.jsonl", "--scenario", "stuck"], "--scenario would change nothing"),
        (["--replay", "missing.jsonl"], "cannot be read"),
        (["--replay", "r.jsonl", "--record", "s.jsonl"], "do not go together"),
        (["--replay", "r.jsonl", "--responder", "echo"], "--responder echo does not"),
    ],
)
def test_options_that_do_not_go_together_are_a_sentence(tmp_path: Path, options: list[str], words: str) -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("OPENAI_", "THREADLAB_"))}
    done = subprocess.run(
        [sys.executable, "-m", "threadlab", "serve", "--port", "0", *options],
        cwd=tmp_path,
        env={**clean, "THREADLAB_HOME": str(tmp_path), "PYTHONPATH": str(Path(__file__).parents[3])},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert words in done.stderr
    assert done.stderr.count("\n") == 1

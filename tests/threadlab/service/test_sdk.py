"""The official SDK over HTTP meets what it meets in process."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import openai
import pytest

from threadlab.service import local_server as local
from threadlab.service.data_folder import Home
from threadlab.service.local_server import ensure_server

from .test_cli import serving

pytestmark = pytest.mark.filterwarnings("ignore:deprecated$:DeprecationWarning")


@contextmanager
def client(base_url: str, home: Home, **options: float) -> Iterator[openai.OpenAI]:
    key = home.key_file.read_text().strip()
    made = openai.OpenAI(base_url=base_url, api_key=key, **options)  # type: ignore[arg-type]
    with made:
        yield made


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def test_lost_reply_posts_the_message_again(home: Home) -> None:
    with (
        serving("--store", ":memory:", "--scenario", "reply_lost@createMessage#1-2") as (_, port),
        client(f"http://127.0.0.1:{port}/v1", home) as sdk,
    ):
        thread = sdk.beta.threads.create()
        sdk.beta.threads.messages.create(thread.id, role="user", content="Hello")
        assert len(sdk.beta.threads.messages.list(thread.id).data) == 3


@pytest.mark.parametrize(
    ("scenario", "error"),
    [
        ("request_lost@createThread", openai.APIConnectionError),
        ("unreachable@createThread", openai.APIConnectionError),
        ("silent@createThread", openai.APITimeoutError),
        ("reply_silent@createThread", openai.APITimeoutError),
        ("quota@createThread", openai.RateLimitError),
        ("503@createThread", openai.InternalServerError),
    ],
)
def test_fault_looks_the_same_over_http(home: Home, scenario: str, error: type[openai.APIError]) -> None:
    with serving("--store", ":memory:", "--scenario", scenario) as (_, port):
        with client(f"http://127.0.0.1:{port}/v1", home, timeout=0.3, max_retries=0) as sdk, pytest.raises(error) as caught:
            sdk.beta.threads.create()
        assert type(caught.value) is error


@pytest.mark.skipif(os.name != "posix", reason="needs the signals of a POSIX system")
def test_acknowledged_message_survives_the_server(home: Home, own_port: int) -> None:
    first = ensure_server()
    with client(first.base_url, home) as sdk:
        thread = sdk.beta.threads.create()
        message = sdk.beta.threads.messages.create(thread.id, role="user", content="Remember this")
        os.kill(first.pid, signal.SIGKILL)
        local._started[0].wait()
        assert ensure_server().base_url == first.base_url
        assert sdk.beta.threads.messages.retrieve(message.id, thread_id=thread.id).content == message.content


def test_cut_stream_raises(home: Home) -> None:
    with (
        serving("--store", ":memory:", "--clock", "x50", "--scenario", "stream_cut:3@createRun#1") as (_, port),
        client(f"http://127.0.0.1:{port}/v1", home) as sdk,
    ):
        assistant, thread = sdk.beta.assistants.create(model="gpt-4o"), sdk.beta.threads.create()
        stream = iter(sdk.beta.threads.runs.create(thread.id, assistant_id=assistant.id, stream=True))
        assert [next(stream).event for _ in range(3)] == ["thread.run.created", "thread.run.queued", "thread.run.in_progress"]
        with pytest.raises(openai.APIConnectionError):
            next(stream)
        run = sdk.beta.threads.runs.list(thread.id).data[0]
        assert sdk.beta.threads.runs.poll(run.id, thread_id=thread.id, poll_interval_ms=20).status == "completed"


def test_limit_is_kept_over_http(home: Home) -> None:
    with serving("--store", ":memory:", "--limits", "gpt-4o:rpm=1") as (_, port), client(f"http://127.0.0.1:{port}/v1", home) as sdk:
        assistant = sdk.beta.assistants.create(model="gpt-4o")
        sdk.beta.threads.create_and_run(assistant_id=assistant.id)
        with pytest.raises(openai.RateLimitError) as caught:
            sdk.with_options(max_retries=0).beta.threads.create_and_run(assistant_id=assistant.id)
        assert caught.value.response.headers["x-ratelimit-limit-requests"] == "1"

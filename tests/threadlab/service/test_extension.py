"""`%load_ext threadlab`."""

import os
import signal
import warnings
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from IPython.core.error import UsageError
from IPython.core.events import EventManager, available_events

import threadlab
from threadlab import extension
from threadlab.extension import load_ipython_extension, unload_ipython_extension, without_proxy
from threadlab.service import local_server as local
from threadlab.service.data_folder import Home
from threadlab.virtual_time import _state

NAMES = ("OPENAI_BASE_URL", "OPENAI_API_KEY", "NO_PROXY", "no_proxy")


@pytest.fixture
def shell(home: Home, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """What the extension uses of IPython; environment and warnings are put back at the end."""
    for name in NAMES:  # so that monkeypatch knows the value to go back to
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    with warnings.catch_warnings():
        ipython = SimpleNamespace()
        ipython.events = EventManager(ipython, available_events)
        yield ipython
        unload_ipython_extension(ipython)


def test_environment_points_at_the_service(shell: Any, home: Home) -> None:
    load_ipython_extension(shell)
    server = local.ensure_server()
    assert not server.started_now
    assert [os.environ[name] for name in NAMES] == [server.base_url, server.key, "127.0.0.1,localhost", "127.0.0.1,localhost"]


def test_loading_prints_two_lines(shell: Any, capsys: pytest.CaptureFixture[str]) -> None:
    load_ipython_extension(shell)
    out, err = capsys.readouterr()
    assert err == ""
    first, second = out.splitlines()
    assert "switched off on 2026-08-26" in first
    assert os.environ["OPENAI_BASE_URL"] in first
    assert "no real key is used or needed" in second
    assert "set aside" not in second
    assert os.environ["OPENAI_API_KEY"] not in out


def test_own_key_is_set_aside_and_not_printed(shell: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-proj-real")
    load_ipython_extension(shell)
    out = capsys.readouterr().out
    assert "Yours is set aside in this process" in out
    assert "sk-" not in out
    unload_ipython_extension(shell)
    assert os.environ["OPENAI_API_KEY"] == "sk-proj-real"
    assert "OPENAI_BASE_URL" not in os.environ


def test_hosted_model_is_announced(shell: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    said = "the model m at api.example, a hosted endpoint"
    hosted = local.Server("http://127.0.0.1:1/v1", "sk-threadlab-1", 1, True, said, hosted=True)
    monkeypatch.setattr(local, "ensure_server", lambda say: hosted)
    load_ipython_extension(shell)
    second = capsys.readouterr().out.splitlines()[1]
    assert second.endswith(f"Replies come from {said}.")
    assert "a real one is used by the service alone" in second
    assert "no real key" not in second


def test_own_key_survives_a_second_load(shell: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-proj-real")
    load_ipython_extension(shell)
    load_ipython_extension(shell)
    assert len(shell.events.callbacks["pre_run_cell"]) == 1
    unload_ipython_extension(shell)
    unload_ipython_extension(shell)
    assert os.environ["OPENAI_API_KEY"] == "sk-proj-real"
    assert shell.events.callbacks["pre_run_cell"] == []


@pytest.mark.parametrize(
    ("lists", "merged"),
    [
        (("", ""), "127.0.0.1,localhost"),
        (("corp.example, 10.0.0.0/8", "corp.example"), "corp.example,10.0.0.0/8,127.0.0.1,localhost"),
        (("localhost",), "localhost,127.0.0.1"),
        (("*",), "*,127.0.0.1,localhost"),
    ],
)
def test_no_proxy_of_the_user_is_kept(lists: tuple[str, ...], merged: str) -> None:
    assert without_proxy(*lists) == merged


def test_other_warnings_are_shown(shell: Any) -> None:
    warnings.simplefilter("error")
    load_ipython_extension(shell)
    for message in extension.WARNINGS:
        warnings.warn(message, DeprecationWarning, stacklevel=1)
    for message in ("deprecated: use something else", "a thing is deprecated", "The Assistants API is deprecated in favor of tea"):
        with pytest.raises(DeprecationWarning):
            warnings.warn(message, DeprecationWarning, stacklevel=1)
    unload_ipython_extension(shell)
    with pytest.raises(DeprecationWarning):
        warnings.warn(extension.WARNINGS[0], DeprecationWarning, stacklevel=1)


def test_filters_match_the_warnings_of_the_sdk(shell: Any) -> None:
    import openai

    load_ipython_extension(shell)
    warnings.simplefilter("error", append=True)
    client = openai.OpenAI()
    assistant = client.beta.assistants.create(model="gpt-4-1106-preview")
    thread = client.beta.threads.create()
    client.beta.threads.messages.create(thread.id, role="user", content="Hello")
    run = client.beta.threads.runs.create(thread.id, assistant_id=assistant.id)
    client.beta.threads.runs.cancel(run.id, thread_id=thread.id)
    client.beta.assistants.delete(assistant.id)
    client.close()


def test_trial_keeps_its_own_service(shell: Any, home: Home, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_state, "trial_active", True)
    assert threadlab.in_trial()
    load_ipython_extension(shell)
    assert not home.folder.exists()
    assert "OPENAI_BASE_URL" not in os.environ
    assert capsys.readouterr().out == ""


def test_failure_is_a_sentence(shell: Any, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.folder.touch()
    with pytest.raises(UsageError, match=r"threadlab: The folder .* cannot be written"):
        load_ipython_extension(shell)
    assert "OPENAI_BASE_URL" not in os.environ
    home.folder.unlink()


@pytest.mark.skipif(os.name != "posix", reason="needs the signals of a POSIX system")
def test_notebook_left_open_finds_a_server_again(shell: Any, own_port: int) -> None:
    load_ipython_extension(shell)
    address = os.environ["OPENAI_BASE_URL"]
    assert address == f"http://127.0.0.1:{own_port}/v1"
    os.kill(local.ensure_server().pid, signal.SIGKILL)
    local._started[0].wait()
    shell.events.trigger("pre_run_cell", None)
    assert os.environ["OPENAI_BASE_URL"] == address
    assert local.is_listening(address)


def test_notebook_pointed_elsewhere_is_left_alone(shell: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    load_ipython_extension(shell)
    local.stop_server()
    monkeypatch.setenv("OPENAI_BASE_URL", "https://gateway.example/v1")
    shell.events.trigger("pre_run_cell", None)
    assert os.environ["OPENAI_BASE_URL"] == "https://gateway.example/v1"
    assert local.server_status() is None

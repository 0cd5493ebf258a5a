"""The service of a notebook without processes: its store outlives the kernel, and a cell that would go on for ever ends by a count."""

from __future__ import annotations

import contextlib
import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import openai
import pytest
from IPython.core.events import EventManager, available_events

from threadlab import extension
from threadlab.extension import load_ipython_extension, unload_ipython_extension
from threadlab.service import browser_tab
from threadlab.service.browser_tab import CellStopped, TabService
from threadlab.store.shared_file import SharedFileStore
from threadlab.virtual_time import patches

QUESTION = [{"role": "user", "content": "What is the capital of France?"}]


@pytest.fixture
def drive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The browser's storage."""
    folder = tmp_path / "drive"
    folder.mkdir()
    monkeypatch.setattr(browser_tab, "FILE", folder / ".threads" / "service.msgpack")
    monkeypatch.setattr(browser_tab, "STOP", folder / ".threads" / "stop")
    return folder


@pytest.fixture
def shell(drive: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """What the extension uses of IPython, in a place without processes."""
    for name in ("OPENAI_BASE_URL", "OPENAI_API_KEY"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setattr(browser_tab, "has_processes", lambda: False)
    monkeypatch.setattr(browser_tab.TabService.__init__, "__defaults__", (browser_tab.FILE, "real"))
    with warnings.catch_warnings():
        ipython = SimpleNamespace()
        ipython.events = EventManager(ipython, available_events)
        load_ipython_extension(ipython)
        yield ipython
        unload_ipython_extension(ipython)


def cell(shell: Any, action: Any) -> Any:
    """Do something as a cell would."""
    shell.events.trigger("pre_run_cell", None)
    try:
        return action()
    finally:
        shell.events.trigger("post_run_cell", None)


def test_loading_says_where_the_service_is_and_that_no_key_is_needed(shell: Any, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    load_ipython_extension(shell)
    first, second = capsys.readouterr().out.splitlines()
    assert "inside this browser tab" in first
    assert "no real key is used or needed" in second


def test_default_client_talks_to_the_kernel(shell: Any) -> None:
    assistant = openai.OpenAI().beta.assistants.create(model="gpt-4o")
    thread = openai.OpenAI().beta.threads.create(messages=QUESTION)
    run = openai.OpenAI().beta.threads.runs.create_and_poll(thread_id=thread.id, assistant_id=assistant.id, poll_interval_ms=100)
    assert run.status == "completed"
    with pytest.raises(openai.AuthenticationError):
        openai.OpenAI(api_key="sk-wrong").beta.threads.create()


async def _asked() -> str:
    async with openai.AsyncOpenAI() as client:
        thread = await client.beta.threads.create(messages=QUESTION)
        return (await client.beta.threads.messages.list(thread.id)).data[0].role


def test_default_async_client_talks_to_the_kernel(shell: Any) -> None:
    import asyncio

    assert asyncio.run(_asked()) == "user"


def test_what_was_acknowledged_outlives_the_kernel(shell: Any) -> None:
    thread = cell(shell, lambda: openai.OpenAI().beta.threads.create(messages=QUESTION))
    # The kernel dies here: nobody unloads anything. The next one finds the file.
    extension._tab = None
    for name in ("pre_run_cell", "post_run_cell"):
        shell.events.callbacks[name].clear()
    load_ipython_extension(shell)
    assert openai.OpenAI().beta.threads.messages.list(thread.id).data[0].content[0].text.value == QUESTION[0]["content"]


def test_unloading_takes_no_more_requests_and_restores_the_environment(shell: Any) -> None:
    unload_ipython_extension(shell)
    assert "OPENAI_BASE_URL" not in os.environ
    assert browser_tab.HOST not in patches._routes


def _address() -> dict[str, str]:
    return {"base_url": browser_tab.BASE_URL, "api_key": browser_tab.KEY}


def test_endless_poll_ends_by_a_count_and_the_next_cell_goes_on(shell: Any) -> None:
    client = openai.OpenAI()
    thread = client.beta.threads.create()

    def poll() -> None:
        while True:
            with contextlib.suppress(Exception):  # nothing that is an Exception ends this loop
                client.beta.threads.retrieve(thread.id)

    with pytest.raises(CellStopped, match=rf"500 times in a row: GET /v1/threads/{thread.id}\. .* Give the loop an end"):
        cell(shell, poll)
    assert cell(shell, lambda: openai.OpenAI().beta.threads.retrieve(thread.id)).id == thread.id


def test_poll_of_a_run_under_way_may_ask_longer(shell: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browser_tab, "SAME_QUESTION", 40)
    monkeypatch.setattr(browser_tab, "NOTHING_DUE", 10)
    client = openai.OpenAI()
    assistant, thread = client.beta.assistants.create(model="gpt-4o"), client.beta.threads.create(messages=QUESTION)
    run = client.beta.threads.runs.create(thread.id, assistant_id=assistant.id)
    asked = []

    def poll() -> None:
        while True:
            asked.append(client.beta.threads.runs.retrieve(run.id, thread_id=thread.id).status)

    with pytest.raises(CellStopped):
        cell(shell, poll)
    assert 10 < len(asked) <= 40


def test_many_different_requests_end_by_a_count(shell: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browser_tab, "REQUESTS", 30)

    client = openai.OpenAI()

    def create() -> None:
        while True:
            client.beta.threads.create()

    with pytest.raises(CellStopped, match="sent 30 requests"):
        cell(shell, create)


def test_cell_is_stopped_on_request(shell: Any, drive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browser_tab, "LOOK_EVERY", 0.0)
    thread = cell(shell, lambda: openai.OpenAI().beta.threads.create())

    def poll() -> None:
        browser_tab.STOP.touch()
        openai.OpenAI().beta.threads.retrieve(thread.id)

    with pytest.raises(CellStopped, match="as you asked"):
        cell(shell, poll)
    assert not browser_tab.STOP.exists()


def test_stop_that_came_too_late_does_not_end_the_next_cell(shell: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browser_tab, "LOOK_EVERY", 0.0)
    cell(shell, lambda: openai.OpenAI().beta.threads.create())
    browser_tab.STOP.touch()
    assert cell(shell, lambda: openai.OpenAI().beta.threads.create()).object == "thread"


def test_storage_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "drive").write_text("a file where a folder has to be")
    service = TabService(tmp_path / "drive" / "service.msgpack")
    openai.OpenAI(**_address()).beta.threads.create()
    service.transport.sync()
    assert "could not be kept" in service.store.problem
    service.close()


def test_page_without_a_drive_says_why_and_goes_on(tmp_path: Path) -> None:
    service = TabService(tmp_path / "missing" / "drive" / "service.msgpack")
    thread = openai.OpenAI(**_address()).beta.threads.create()
    service.transport.sync()
    assert "plain HTTP" in service.store.problem
    assert openai.OpenAI(**_address()).beta.threads.retrieve(thread.id).id == thread.id
    service.close()


# ---- the file ---------------------------------------------------------------------------------------------------------------------------


def test_two_kernels_see_what_the_other_has_done(tmp_path: Path) -> None:
    file = tmp_path / "service.msgpack"
    one = TabService(file, clock="virtual")
    mine = one.service.client().beta.threads.create(metadata={"by": "one"})
    one.transport.sync()
    two = TabService(file, clock="virtual")
    theirs = two.service.client().beta.threads.create(metadata={"by": "two"})
    assert two.service.client().beta.threads.retrieve(mine.id).metadata == {"by": "one"}
    two.service.client().beta.threads.update(mine.id, metadata={"by": "both"})
    two.transport.sync()
    one.transport.sync()
    assert one.service.client().beta.threads.retrieve(theirs.id).metadata == {"by": "two"}
    assert one.service.client().beta.threads.retrieve(mine.id).metadata == {"by": "both"}
    one.service.client().beta.threads.delete(theirs.id)
    one.transport.sync()
    two.transport.sync()
    with pytest.raises(openai.NotFoundError):
        two.service.client().beta.threads.retrieve(theirs.id)
    one.close()
    two.close()


def test_changes_of_two_kernels_between_two_syncs_are_both_kept(tmp_path: Path) -> None:
    file = tmp_path / "service.msgpack"
    one, two = TabService(file, clock="virtual"), TabService(file, clock="virtual")
    threads = [service.service.client().beta.threads.create().id for service in (one, two)]
    for service in (one, two, one):
        service.transport.sync()
    for service in (one, two):
        assert [service.service.client().beta.threads.retrieve(thread).id for thread in threads] == threads
        service.close()


@pytest.mark.parametrize("rubbish", [b"", b"\xc1", b"\x92\x63\x90", b'{"version": 1}'])
def test_file_that_cannot_be_read_counts_as_empty(tmp_path: Path, rubbish: bytes) -> None:
    file = tmp_path / "service.msgpack"
    file.write_bytes(rubbish)
    service = TabService(file, clock="virtual")
    thread = service.service.client().beta.threads.create()
    service.close()
    assert SharedFileStore(file).get(thread.id) is not None


def test_sync_without_changes_writes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "service.msgpack"
    service = TabService(file, clock="virtual")
    service.service.client().beta.threads.create()
    service.transport.sync()
    before = file.stat().st_mtime_ns, file.stat().st_ino
    service.transport.sync()
    assert (file.stat().st_mtime_ns, file.stat().st_ino) == before
    service.close()

"""The pytest plugin, in projects of its own."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

import threadlab.service.in_process
import threadlab.service.transport  # noqa: F401

pytest_plugins = ["pytester"]

BOT = """
import time
from time import sleep  # bound before anybody could replace it

def converse(client, model="gpt-4o", poll=sleep):
    assistant = client.beta.assistants.create(model=model)
    thread = client.beta.threads.create()
    client.beta.threads.messages.create(thread.id, role="user", content="What is the capital of France?")
    run = client.beta.threads.runs.create(thread.id, assistant_id=assistant.id)
    while run.status in ("queued", "in_progress"):
        time.sleep(60)
        sleep(3600)
        run = client.beta.threads.runs.retrieve(run.id, thread_id=thread.id)
    return client.beta.threads.messages.list(thread.id).data[0].content[0].text.value
"""
QUIET = ["-p", "no:cacheprovider", "-p", "no:xdist", "-W", "ignore::DeprecationWarning"]


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makepyfile(bot=BOT)
    return pytester


def outcome(project: pytest.Pytester, test: str, *, fresh: bool = False, **outcomes: int) -> pytest.RunResult:
    """Run a test file, which has to end like this; `fresh`: in a process that has seen nothing of ours yet."""
    project.makepyfile(textwrap.dedent(test))
    result = project.runpytest_subprocess(*QUIET) if fresh else project.runpytest_inprocess(*QUIET)
    result.assert_outcomes(**outcomes)
    return result


@pytest.mark.slow
def test_hours_of_sleep_pass_on_the_virtual_clock(project: pytest.Pytester) -> None:
    outcome(
        project,
        """
        import datetime, time
        from bot import converse

        def test_bot(threads_service):
            client = threads_service.client()
            before = threads_service.clock.now()
            with threads_service.time():
                start = time.monotonic()
                assert "Paris" in converse(client)
                assert time.monotonic() - start >= 3660
                assert datetime.datetime.now().year == 2026
            assert threads_service.clock.now() - before >= 3660  # it is moved by sleeping, and by nothing else
            assert len(threads_service.journal.requests("createRun", ok=True)) == 1
        """,
        fresh=True,
        passed=1,
    )


def test_each_test_has_a_service_of_its_own(project: pytest.Pytester) -> None:
    outcome(
        project,
        """
        import pytest

        @pytest.mark.parametrize("time", range(2))
        def test_bot(threads_service, time):
            assert len(threads_service.journal) == 0
            threads_service.client().beta.threads.create()
            assert [entry.operation for entry in threads_service.journal.requests()] == ["createThread"]
        """,
        passed=2,
    )


def test_asynchronous_code_waits_on_the_virtual_clock(project: pytest.Pytester) -> None:
    """In `asyncio.run`, in a loop that was running before, and with work in threads."""
    outcome(
        project,
        """
        import asyncio, time
        import pytest

        async def talk(client):
            assistant = await client.beta.assistants.create(model="gpt-4o")
            run = await client.beta.threads.create_and_run_poll(
                assistant_id=assistant.id, thread={"messages": [{"role": "user", "content": "Hello"}]}, poll_interval_ms=3_600_000
            )
            await asyncio.sleep(3600)
            await asyncio.to_thread(time.sleep, 3600)
            return run.status

        def test_run(threads_service):
            client = threads_service.async_client()
            with threads_service.time():
                assert asyncio.run(talk(client)) == "completed"

        @pytest.fixture
        def anyio_backend():
            return "asyncio"

        @pytest.mark.anyio
        async def test_loop_that_runs_already(threads_service):
            client = threads_service.async_client()
            with threads_service.time():
                start = asyncio.get_running_loop().time()
                assert await talk(client) == "completed"
                several = await asyncio.gather(*(talk(client) for _ in range(3)))
                assert several == ["completed"] * 3
                assert asyncio.get_running_loop().time() - start > 3600
                async with asyncio.timeout(5):
                    await asyncio.sleep(1)
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(5):
                        await asyncio.sleep(10)

        @pytest.mark.anyio
        async def test_real_time_comes_back(threads_service):
            before = asyncio.get_running_loop().time()
            with threads_service.time():
                await asyncio.sleep(3600)
            assert asyncio.get_running_loop().time() - before < 600
        """,
        passed=3,
    )


def test_threads_share_a_service(project: pytest.Pytester) -> None:
    outcome(
        project,
        """
        from concurrent.futures import ThreadPoolExecutor
        from bot import converse

        def test_bots(threads_service):
            client = threads_service.client()
            with threads_service.time(), ThreadPoolExecutor(8) as pool:
                answers = list(pool.map(lambda _: converse(client), range(16)))
            assert all("Paris" in answer for answer in answers)
            assert len({entry.thread_id for entry in threads_service.journal.requests("createRun", ok=True)}) == 16
        """,
        passed=1,
    )


def test_scenario_of_the_marker_is_played(project: pytest.Pytester) -> None:
    outcome(
        project,
        """
        import pytest

        def count(service):
            with service.time():
                client = service.client()
                thread = client.beta.threads.create()
                client.beta.threads.messages.create(thread.id, role="user", content="Hello")
            return len(service.journal.requests("createMessage", ok=True))

        def test_without(threads_service):
            assert count(threads_service) == 1

        @pytest.mark.scenario("reply_lost@createMessage#1")
        def test_with(threads_service):
            assert count(threads_service) == 2

        @pytest.mark.scenario("reply_lost@createMessage#1")
        class TestInherited:
            @pytest.mark.scenario("reply_lost@createMessage#1-2")
            def test_nearest(self, threads_service):
                assert count(threads_service) == 3

        ids = {}

        @pytest.mark.parametrize("time", [1, 2])
        @pytest.mark.scenario("", seed=7)
        def test_seed(threads_service, time):
            ids[time] = threads_service.client().beta.threads.create().id
            assert time == 1 or ids[1] == ids[2]
        """,
        passed=5,
    )


@pytest.mark.parametrize(
    ("marker", "sentence"),
    [
        ("'earthquake'", "*the scenario's rule 'earthquake' is not understood*"),
        ("'', sead=1", "*takes the rules*sead*"),
        ("", "*takes the rules*"),
    ],
)
def test_wrong_scenario_is_a_sentence(project: pytest.Pytester, marker: str, sentence: str) -> None:
    test = f"import pytest\n@pytest.mark.scenario({marker})\ndef test_bot(threads_service): pass\n"
    result = outcome(project, test, errors=1)
    result.stdout.fnmatch_lines(["*@pytest.mark.scenario: " + sentence])
    result.stdout.no_fnmatch_line("*Traceback*")


def test_failure_shows_the_scenario_and_the_journal(project: pytest.Pytester) -> None:
    result = outcome(
        project,
        """
        import pytest

        @pytest.mark.scenario("500@createThread#1", seed=3)
        def test_bot(threads_service):
            with threads_service.time():
                threads_service.client().beta.threads.create()
            assert False

        def test_nothing(threads_service):
            assert False

        def test_passes(threads_service):
            threads_service.client().beta.assistants.list()
        """,
        failed=2,
        passed=1,
    )
    result.stdout.fnmatch_lines(
        ["*Threads service*", "scenario: 500@createThread#1; seed: 3", "#1*createThread*500*", "#2*createThread*200*"]
    )
    result.stdout.fnmatch_lines(["scenario: none; seed: 0", "Nothing was asked of it."])
    result.stdout.no_fnmatch_line("*listAssistants*")


def test_service_is_closed_after_a_failure(project: pytest.Pytester) -> None:
    outcome(
        project,
        """
        import pytest, openai
        kept = []

        def test_fails(threads_service):
            kept.append(threads_service.client())
            raise KeyError("x")

        def test_closed():
            with pytest.raises(RuntimeError):
                kept[0].beta.threads.create()
        """,
        failed=1,
        passed=1,
    )


def test_plugin_imports_nothing_unless_it_is_used(project: pytest.Pytester) -> None:
    outcome(
        project,
        """
        import sys, time, types

        def test_other():
            heavy = {"openai", "httpx2", "msgspec", "threadlab.engine", "threadlab.service.in_process", "threadlab.trials.guest"}
            assert heavy & set(sys.modules) == set()
            assert "threadlab.pytest_plugin" in sys.modules
            assert isinstance(time.sleep, types.BuiltinFunctionType)
        """,
        fresh=True,
        passed=1,
    )


def test_marker_is_registered(project: pytest.Pytester) -> None:
    test = 'import pytest\n@pytest.mark.scenario("")\ndef test_bot(threads_service): pass\n'
    project.makepyfile(test)
    project.runpytest_inprocess(*QUIET, "--strict-markers").assert_outcomes(passed=1)
    markers = project.runpytest_inprocess("--markers", "-p", "no:cacheprovider").stdout.str()
    assert "@pytest.mark.scenario(rules, seed=0)" in markers


def test_loop_that_keeps_its_own_time_is_refused() -> None:
    """uvloop is such a loop; this one stands for it."""
    code = """
import asyncio
from threadlab import Service
from threadlab.errors import ThreadlabError

class Foreign(asyncio.SelectorEventLoop):
    pass

async def main():
    loop = asyncio.get_running_loop()
    kept, loop._selector = loop._selector, None
    try:
        with Service() as service, service.time():
            pass
    except ThreadlabError as error:
        print(error)
    finally:
        loop._selector = kept

with asyncio.Runner(loop_factory=Foreign) as runner:
    runner.run(main())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.startswith("Virtual time cannot be had inside __main__.Foreign")

"""Trials: virtual time, hangs that become sentences, what is left behind, what cannot get out."""

import asyncio
import datetime
import random
import time

import pytest

from tests.threadlab.trials.programs import racing, synchronous, windows, world
from threadlab.trials.host import Limits
from threadlab.trials.trial import ASYNC_CLIENT, CLIENT, World, trial


def test_sleeping_moves_every_clock_and_the_trials_own():
    def naps(client):
        before = time.time(), time.monotonic(), time.perf_counter(), datetime.datetime.now(datetime.UTC)
        time.sleep(600)
        after = time.time(), time.monotonic(), time.perf_counter(), datetime.datetime.now(datetime.UTC)
        return [late - early for early, late in zip(before[:3], after[:3], strict=True)], (after[3] - before[3]).total_seconds()

    evidence = trial(naps, CLIENT)
    assert evidence.seconds == pytest.approx(600)  # the virtual clock, which nothing but sleeping has moved
    assert evidence.value == [[pytest.approx(600)] * 3, pytest.approx(600)]


def test_early_bound_sleep_is_virtual():
    source = "from time import sleep, monotonic\ndef early(client):\n  start = monotonic()\n  sleep(3600)\n  return monotonic() - start\n"
    from threadlab.trials.guest.messages import Spec
    from threadlab.trials.trial import in_process, run_trial

    evidence = run_trial(in_process({}), Spec("early", [CLIENT], sources=[source]), World())
    assert evidence.value == pytest.approx(3600)


def test_clock_of_the_loop_is_virtual():
    async def naps(client):
        loop = asyncio.get_running_loop()
        start = loop.time()
        await asyncio.sleep(1000)
        return loop.time() - start

    assert trial(naps, ASYNC_CLIENT).value == pytest.approx(1000)


def test_time_is_real_again_afterwards():
    clocks = [time.time, time.monotonic, time.perf_counter, time.sleep, datetime.datetime]
    trial(synchronous, CLIENT, *world().given, "x", world=world())
    assert clocks == [time.time, time.monotonic, time.perf_counter, time.sleep, datetime.datetime]
    assert type(datetime.datetime.now()) is datetime.datetime
    assert not asyncio._get_running_loop()


def test_chance_differs_from_trial_to_trial():
    def draws(client):
        return [random.random() for _ in range(3)]

    state = random.getstate()
    assert trial(draws, CLIENT).value == trial(draws, CLIENT).value
    assert random.getstate() == state


def test_endless_poll_is_a_hang():
    there = world("run_failed")

    def waits_for_completed(client, thread_id, assistant_id):
        run = client.beta.threads.runs.create(thread_id, assistant_id=assistant_id)
        while run.status != "completed":
            time.sleep(1)
            run = client.beta.threads.runs.retrieve(run.id, thread_id=thread_id)

    evidence = trial(waits_for_completed, CLIENT, *there.given, world=there)
    assert evidence.ending.how == "halted"
    assert "polled run_" in evidence.ending.message
    assert "after its status was failed" in evidence.ending.message
    assert "retrieve" in evidence.ending.line


def test_error_names_the_learners_line_and_none_that_a_library_generated():
    def fails_in_generated_code():
        namespace = {}
        exec("def inner():\n    raise ValueError('no')", namespace)
        namespace["inner"]()

    evidence = trial(fails_in_generated_code)
    assert evidence.ending.type == "ValueError"
    assert evidence.ending.line.endswith('namespace["inner"]()')


def test_poll_that_swallows_everything_is_a_hang():
    def stubborn(client, thread_id):
        for _ in range(5000):
            try:
                client.beta.threads.retrieve(thread_id)
            except Exception:
                continue

    there = World(lambda client: client.beta.threads.create().id)
    evidence = trial(stubborn, CLIENT, there.given, world=there)
    assert evidence.ending.how == "halted"
    assert len(evidence.requests("getThread")) <= 501


def test_waiting_for_nothing_is_a_hang():
    async def waits(client):
        await asyncio.get_running_loop().create_future()

    evidence = trial(waits, ASYNC_CLIENT)
    assert evidence.ending.how == "halted"
    assert "never comes" in evidence.ending.message


def test_endless_computing_is_a_hang(monkeypatch):
    from threadlab.trials.guest.messages import Spec
    from threadlab.trials.trial import in_process, run_trial

    def spins(client):
        while True:
            pass

    evidence = run_trial(in_process({"spins": spins}, patience=0.3), Spec("spins", [CLIENT]), World())
    assert evidence.ending.how == "halted"
    assert "computed" in evidence.ending.message


def test_forgotten_task_is_noticed():
    async def leaves(client):
        asyncio.create_task(asyncio.sleep(60))  # noqa: RUF006

    assert trial(leaves, ASYNC_CLIENT).ending.forgotten == ["sleep"]


def test_coroutine_that_was_never_awaited_is_noticed():
    async def forgets(client, thread_id):
        client.beta.threads.messages.create(thread_id, role="user", content="x")

    there = World(lambda client: client.beta.threads.create().id)
    evidence = trial(forgets, ASYNC_CLIENT, there.given, world=there)
    assert evidence.ending.never_awaited == ["AsyncMessages.create"]
    assert not evidence.requests()


def test_failure_of_a_task_is_noticed():
    there = world()
    evidence = trial(racing, ASYNC_CLIENT, *there.given, "x", world=there, choices=(1, 0))
    assert windows(evidence) == [6] or any("Can't add messages" in text for text in evidence.ending.task_errors)
    first = trial(racing, ASYNC_CLIENT, *there.given, "x", world=there)
    assert windows(first) == [6] or any("Can't add messages" in text for text in first.ending.task_errors)
    assert {tuple(windows(evidence)), tuple(windows(first))} == {(5,), (6,)}


def test_client_made_inside_stays_in_the_trial():
    def own_client(client):
        from openai import OpenAI

        return OpenAI().beta.threads.create(metadata={"made": "inside"}).id

    evidence = trial(own_client, CLIENT)
    assert evidence.returned
    assert evidence.requests("createThread", ok=True)[0].thread_id == evidence.value


def test_wrong_key_is_refused():
    def wrong_key(client):
        from openai import OpenAI

        return OpenAI(api_key="sk-somebody-elses-key-0123456789").beta.threads.create().id

    evidence = trial(wrong_key, CLIENT)
    assert evidence.ending.type == "AuthenticationError"
    assert "sk-somebody-elses-key-0123456789" not in evidence.ending.message


def test_asyncio_run_inside_waits_in_virtual_time():
    def runs_a_loop(client):
        from openai import AsyncOpenAI

        async def main():
            await asyncio.sleep(3600)
            return (await AsyncOpenAI().beta.threads.create()).id

        return asyncio.run(main())

    evidence = trial(runs_a_loop, CLIENT)
    assert evidence.returned
    assert evidence.seconds == pytest.approx(3600, abs=1)


def test_worker_thread_of_asyncio_is_waited_for():
    async def elsewhere(client, sync_client, thread_id):
        await asyncio.to_thread(time.sleep, 300)
        message = await asyncio.to_thread(sync_client.beta.threads.messages.create, thread_id, role="user", content="x")
        return message.id

    there = World(lambda client: client.beta.threads.create().id)
    evidence = trial(elsewhere, ASYNC_CLIENT, CLIENT, there.given, world=there)
    assert evidence.returned
    assert evidence.seconds == pytest.approx(300, abs=1)


def test_threads_of_synchronous_code_end_in_a_sentence():
    def threaded(client, thread_id):
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(2) as pool:
            return [one.id for one in pool.map(lambda _: client.beta.threads.create(), range(2))]

    evidence = trial(threaded, CLIENT, "thread_x")
    assert evidence.ending.how == "raised"
    assert "one thread" in evidence.ending.message or "Connection error" in evidence.ending.message


def test_dropped_connection_is_the_sdks_own_error():
    there = world("reply_lost@createMessage#1")

    def posts(client, thread_id, assistant_id):
        client.beta.threads.messages.create(thread_id, role="user", content="once?")

    evidence = trial(posts, CLIENT, *there.given, world=there)
    texts = [message.text for message in evidence.messages(there.given[0])]
    assert texts.count("once?") == 2, "the SDK retries, and the lost reply becomes a duplicate"


@pytest.mark.parametrize("kill_at", range(6))
def test_killed_code_stops(kill_at):
    there = world()
    evidence = trial(synchronous, CLIENT, *there.given, "x", world=there, kill_at=kill_at)
    assert evidence.killed
    assert evidence.ending.how == "halted"
    done = [entry.operation for entry in evidence.requests(ok=True)]
    assert done == ["createMessage", "createRun", "getRun"][: (kill_at + 1) // 2]


def test_streaming_can_be_tried():
    there = world()

    async def streams(client, thread_id, assistant_id):
        words = []
        async with client.beta.threads.runs.stream(thread_id=thread_id, assistant_id=assistant_id) as stream:
            async for delta in stream.text_deltas:
                words.append(delta)
        return "".join(words)

    evidence = trial(streams, ASYNC_CLIENT, *there.given, world=there)
    assert evidence.value == "The capital of Greece is Athens."
    assert evidence.value == evidence.messages(there.given[0])[-1].text


def test_value_carries_plain_data_only():
    class Sly(str):
        __slots__ = ()

        def __eq__(self, other):
            return True

        __hash__ = str.__hash__

    evidence = trial(lambda client: {"a": Sly("b"), "c": object()}, CLIENT)
    assert type(evidence.value["a"]) is dict
    assert evidence.value["a"]["$"] == "Sly"


def test_ending_is_a_sentence() -> None:
    def looks_up(client):
        return {}["ada"]

    def returns_a_thread(client):
        return client.beta.threads.create()

    raised = trial(looks_up, CLIENT, world=World()).ending
    assert raised.sentence.startswith("it raised KeyError: 'ada' (at ")
    assert trial(returns_a_thread, CLIENT, world=World()).ending.sentence == "it returned a Thread"
    assert trial(lambda client: None, CLIENT, world=World()).ending.sentence == "it returned nothing (None)"
    assert trial(lambda client: [1], CLIENT, world=World()).ending.sentence == "it returned [1]"


def test_program_that_asks_too_often_is_told_so() -> None:
    def asks(client):
        for _ in range(60):
            client.beta.threads.create()

    ending = trial(asks, CLIENT, world=World(limits=Limits(requests=50))).ending
    assert ending.message == "went on after 50 requests, more than are answered here, and was stopped"

"""Turns that users submit at moments of their own, and workers that nobody ends."""

import asyncio
import gc
import time

from tests.threadlab.trials.programs import world
from threadlab import Service
from threadlab.trials.guest.messages import Spec
from threadlab.trials.trial import ASYNC_CLIENT, CLIENT, World, in_process, run_trial, trial


class Echo:
    def __init__(self, client, *, prefix):
        self.prefix = prefix

    async def submit(self, user, thread, text):
        if text == "refuse":
            raise LookupError("nothing there")
        await asyncio.sleep(1)
        return f"{self.prefix} {user}"


def submitting(turns):
    spec = Spec("Echo", [ASYNC_CLIENT], {"prefix": "hello", "turns": turns}, driver="submits")
    return run_trial(in_process({"Echo": Echo}), spec, World())


def test_turns_come_before_or_after_their_moment():
    evidence = submitting([[0.0, "ada", "t1", "a"], [2.0, "bob", "t2", "b"]])
    assert evidence.value == ["hello ada", "hello bob"]
    seen = [(entry.operation, entry.user, round(entry.at - evidence.start, 3)) for entry in evidence.journal]
    assert seen == [("submitted", "ada", 0.0), ("settled", "ada", 1.0), ("submitted", "bob", 2.0), ("settled", "bob", 3.0)]


def test_refused_turn_leaves_the_others_alone():
    evidence = submitting([[0.0, "ada", "t1", "refuse"], [0.0, "bob", "t2", "b"]])
    refused = {"raised": "LookupError", "message": "nothing there", "kinds": ["LookupError", "Exception"]}
    assert evidence.value == [refused, "hello bob"]


def test_worker_left_behind_ends_silently():
    """Pytest turns what Python would print of it into a failure."""

    async def leaves_a_worker(client, *_):
        queue = asyncio.Queue()

        async def work():
            while True:
                await queue.get()

        leaves_a_worker.worker = asyncio.create_task(work())
        await asyncio.sleep(0)
        return "done"

    assert trial(leaves_a_worker, ASYNC_CLIENT, world=world()).value == "done"
    del leaves_a_worker.worker
    gc.collect()


def test_wait_for_a_hairs_breadth_ends():
    """Sleeping out what is left until a moment: the last rest is too small for the clock, and must pass all the same."""

    async def until(client, seconds):
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while (left := end - loop.time()) > 0:
            await asyncio.sleep(left / 2)
        for _ in range(10):
            await asyncio.sleep(1e-15)
        assert loop.time() > end
        return "done"

    def until_in_turn(client, seconds):
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            time.sleep(left / 2)
        return "done"

    assert trial(until, ASYNC_CLIENT, 60 / 29).value == "done"
    assert trial(until_in_turn, CLIENT, 60 / 29).value == "done"


def test_hairs_breadth_on_a_services_time_ends():
    with Service() as service, service.time():
        end = time.monotonic() + 60 / 29
        while (left := end - time.monotonic()) > 0:
            time.sleep(left / 2)

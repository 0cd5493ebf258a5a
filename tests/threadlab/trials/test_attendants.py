"""Threads that were there before virtual time began, such as those of a notebook's kernel."""

import asyncio
import threading
import time
from typing import Any

from threadlab import ASYNC_CLIENT, Service, World, explore
from threadlab.virtual_time import patches


def test_thread_of_the_kernel_turns_the_clock():
    patches.install()
    over, turns = threading.Event(), []

    def attendant():
        while not over.is_set():
            time.sleep(0.001)
            turns.append(1)

    threading.Thread(target=attendant, daemon=True).start()
    try:
        with Service() as service, service.time():
            before = service.clock.now()
            seen = len(turns)
            while len(turns) < seen + 5:
                patches.real("sleep")(0.001)
            assert service.clock.now() == before
    finally:
        over.set()


def test_worker_thread_waits_in_real_time():
    """A thread that begins inside sleeps on virtual time, daemon or not."""
    with Service() as service, service.time():
        before = service.clock.now()
        worker = threading.Thread(target=time.sleep, args=(3600,), daemon=True)
        worker.start()
        worker.join()
        assert service.clock.now() == before + 3600


def test_thread_of_the_kernel_is_no_part_of_a_trial() -> None:
    """Its sleep would be a timer among the others: more orders than there are, on one run of a notebook and not on the next."""
    wanted, asleep = threading.Event(), threading.Event()

    def attendant() -> None:
        while True:
            wanted.wait()
            wanted.clear()
            asleep.set()
            time.sleep(0.01)

    async def two(client: Any, thread_id: str, attended: bool) -> None:
        if attended:
            asleep.clear()
            wanted.set()
            assert asleep.wait(20)
            patches.real("sleep")(0.005)  # it is in its sleep now
        create = client.beta.threads.messages.create
        await asyncio.gather(*(create(thread_id, role="user", content=text) for text in "ab"))

    threading.Thread(target=attendant, daemon=True).start()
    world = World(lambda client: client.beta.threads.create().id)
    seen = []
    for attended in (False, True):
        orders = explore(two, ASYNC_CLIENT, world.given, attended, world=world)
        assert all(order.returned for order in orders)
        seen.append([(order.order, order.ending.forgotten) for order in orders])
    assert seen[0] == seen[1]

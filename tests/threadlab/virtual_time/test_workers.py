"""Worker threads on the virtual loop: which of them is quicker makes no difference."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from threadlab import ASYNC_CLIENT, CLIENT, Service, World, explore
from threadlab.virtual_time.clock import VirtualClock
from threadlab.virtual_time.loop import VirtualLoop, loop_on


def on_a_loop(coroutine: Any) -> Any:
    loop: VirtualLoop = loop_on(VirtualClock())
    try:
        return loop.run_until_complete(coroutine)
    finally:
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()


@pytest.mark.parametrize("quicker", [0, 1])
def test_work_comes_back_in_the_order_in_which_it_was_given(quicker: int) -> None:
    first_is_over = threading.Event()
    came: list[int] = []

    def work(number: int) -> int:
        if number == quicker:
            first_is_over.set()
        else:
            assert first_is_over.wait(20)
        return number

    async def one(number: int) -> None:
        came.append(await asyncio.to_thread(work, number))

    async def both() -> None:
        await asyncio.gather(one(0), one(1))

    on_a_loop(both())
    assert came == [0, 1]


@pytest.mark.parametrize("quicker", [0, 1])
def test_requests_of_workers_leave_in_the_order_in_which_the_work_was_given(quicker: int) -> None:
    """The threads of a trial's synchronous client ask the loop to send for them."""
    began = threading.Event()

    def ask(client: Any, thread_id: str, number: int) -> None:
        if number == quicker:
            began.set()
        else:
            assert began.wait(20)
        client.beta.threads.messages.create(thread_id, role="user", content=f"number {number}")

    async def both(client: Any, thread_id: str) -> None:
        began.clear()
        await asyncio.gather(*(asyncio.to_thread(ask, client, thread_id, number) for number in range(2)))

    world = World(lambda client: client.beta.threads.create().id)
    found = explore(both, CLIENT, world.given, world=world)
    assert [order.ending.how for order in found] == ["returned"] * len(found)
    assert [choice.options[0] for order in found for choice in order.choices[:1]] == ["createMessage “number 0”"] * len(found)


def test_error_of_a_worker_reaches_who_waits_for_it() -> None:
    def fails() -> None:
        raise ValueError("on purpose")

    with pytest.raises(ValueError, match="on purpose"):
        on_a_loop(asyncio.to_thread(fails))


def test_work_that_is_given_up_is_not_waited_for() -> None:
    release = threading.Event()

    async def impatient() -> str:
        task = asyncio.ensure_future(asyncio.to_thread(release.wait, 20))
        await asyncio.sleep(0)
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            release.set()
            return "cancelled"
        return "waited"

    assert on_a_loop(impatient()) == "cancelled"


def test_orders_of_two_asynchronous_callers_are_the_same_each_time() -> None:
    """The SDK's asynchronous client looks up its platform in a thread before its first request."""

    async def turn(client: Any, thread_id: str, assistant_id: str, text: str) -> None:
        await client.beta.threads.messages.create(thread_id, role="user", content=text)
        await client.beta.threads.runs.create(thread_id, assistant_id=assistant_id)

    async def two(client: Any, thread_id: str, assistant_id: str) -> Any:
        return await asyncio.gather(*(turn(client, thread_id, assistant_id, text) for text in "ab"), return_exceptions=True)

    def given(client: Any) -> Any:
        return client.beta.threads.create().id, client.beta.assistants.create(model="gpt-4o").id

    found = set()
    for _ in range(4):
        world = World(given)
        found.add(tuple(order.order for order in explore(two, ASYNC_CLIENT, *world.given, world=world)))
    assert len(found) == 1


def test_service_answers_workers_of_an_ordinary_loop() -> None:
    with Service() as service:
        client = service.client()

        async def two() -> list[Any]:
            return await asyncio.gather(*(asyncio.to_thread(client.beta.threads.create) for _ in range(2)))

        with service.time():
            assert len({thread.id for thread in asyncio.run(two())}) == 2

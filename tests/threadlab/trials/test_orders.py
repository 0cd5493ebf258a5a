"""Delivery orders: that all are visited, that none is invented, that each can be seen again."""

import asyncio

import pytest

from tests.threadlab.trials.programs import awaited, racing, synchronous, windows, world
from threadlab.trials.explore import explore, replay
from threadlab.trials.trial import ASYNC_CLIENT, CLIENT, World

TEXT = "What is the capital of Portugal?"


def test_forgotten_await_shows_both_of_its_outcomes():
    there = world()
    orders = explore(racing, ASYNC_CLIENT, *there.given, TEXT, world=there)
    assert orders.complete
    assert {tuple(windows(order)) for order in orders} == {(5,), (6,)}


def test_awaited_message_leaves_one_order():
    there = world()
    orders = explore(awaited, ASYNC_CLIENT, *there.given, TEXT, world=there)
    assert len(orders) == 1
    assert windows(orders.orders[0]) == [6]


def test_synchronous_code_has_one_order():
    there = world()
    orders = explore(synchronous, CLIENT, *there.given, TEXT, world=there)
    assert len(orders) == 1
    assert orders.orders[0].value["status"] == "completed"


@pytest.mark.parametrize(("count", "expected"), [(1, 1), (2, 2), (3, 6), (4, 24)])
def test_every_order_is_seen_once(count, expected):
    async def at_once(client, thread_id):
        await asyncio.gather(*(client.beta.threads.messages.create(thread_id, role="user", content=str(i)) for i in range(count)))

    there = World(lambda client: client.beta.threads.create().id)
    orders = explore(at_once, ASYNC_CLIENT, there.given, world=there)
    arrived = [tuple(message.text for message in order.messages(there.given)) for order in orders]
    assert len(arrived) == len(set(arrived)) == expected


def test_first_completed_need_not_be_first_sent():
    async def fastest(client, one, other):
        tasks = {asyncio.create_task(client.beta.threads.retrieve(thread)) for thread in (one, other)}
        done, waiting = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in waiting:
            task.cancel()
        return done.pop().result().id

    there = World(lambda client: (client.beta.threads.create().id, client.beta.threads.create().id))
    orders = explore(fastest, ASYNC_CLIENT, *there.given, world=there)
    assert {order.value for order in orders} == set(there.given)


def test_order_can_be_replayed():
    there = world()
    orders = explore(racing, ASYNC_CLIENT, *there.given, TEXT, world=there)
    bad = orders.first(lambda order: windows(order) == [5])
    assert bad is not None
    again = replay(racing, bad.order, ASYNC_CLIENT, *there.given, TEXT, world=there)
    assert again.text() == bad.text()


def test_bound_that_was_met_is_said():
    async def many(client, thread_id):
        await asyncio.gather(*(client.beta.threads.messages.create(thread_id, role="user", content=str(i)) for i in range(6)))

    there = World(lambda client: client.beta.threads.create().id)
    orders = explore(many, ASYNC_CLIENT, there.given, world=there, bound=30)
    assert len(orders) == 30
    assert not orders.complete
    assert "sample" in orders.coverage()
    assert "seed 0" in orders.coverage()
    arrived = {tuple(message.text for message in order.messages(there.given)) for order in orders}
    assert len(arrived) == 30, "a sampled order was counted twice"


@pytest.mark.parametrize("nap", [0.5, 2, 10, 45])
def test_sleeping_is_not_waiting(nap):
    async def naps(client, thread_id, assistant_id, text):
        task = asyncio.create_task(client.beta.threads.messages.create(thread_id, role="user", content=text))
        await asyncio.sleep(nap)
        run = await client.beta.threads.runs.create(thread_id, assistant_id=assistant_id)
        await asyncio.wait([task])
        return run

    there = world()
    orders = explore(naps, ASYNC_CLIENT, *there.given, TEXT, world=there)
    assert {tuple(windows(order)) for order in orders} == {(5,), (6,)}


def test_patient_time_out_does_not_fire():
    async def patient(client, thread_id, text):
        async with asyncio.timeout(10):
            return (await client.beta.threads.messages.create(thread_id, role="user", content=text)).id

    there = World(lambda client: client.beta.threads.create().id)
    orders = explore(patient, ASYNC_CLIENT, there.given, TEXT, world=there)
    assert [order.ending.how for order in orders] == ["returned"]


def test_checking_now_and_then_lets_the_request_through():
    async def looks_in(client, thread_id, text):
        task = asyncio.create_task(client.beta.threads.messages.create(thread_id, role="user", content=text))
        looks = 0
        while not task.done():
            looks += 1
            await asyncio.sleep(1)
        return looks

    there = World(lambda client: client.beta.threads.create().id)
    orders = explore(looks_in, ASYNC_CLIENT, there.given, TEXT, world=there)
    assert orders.complete
    assert all(order.returned for order in orders)
    assert 1 < len(orders) < 10


def test_request_given_up_may_be_carried_out():
    async def gives_up(client, thread_id, text):
        try:
            await asyncio.wait_for(client.beta.threads.messages.create(thread_id, role="user", content=text), 1)
        except TimeoutError:
            return "gave up"
        return "posted"

    there = World(lambda client: client.beta.threads.create().id)
    orders = explore(gives_up, ASYNC_CLIENT, there.given, TEXT, world=there)
    assert {(order.value, len(order.messages(there.given))) for order in orders} == {("posted", 1), ("gave up", 0), ("gave up", 1)}

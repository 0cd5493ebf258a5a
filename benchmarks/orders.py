"""What a delivery order costs: exploring a learner's function in every order, against the SDK calls that it makes.

    python benchmarks/orders.py

The function is the classic one, a message that nobody awaits before a run. The calls that its orders make are then made again, in the same
kind of event loop, by a client whose transport answers at once: the ratio is what the trial adds to what nobody can avoid. The last line is
`ratio=…`.
"""

import asyncio
import statistics
import time
import warnings
from collections.abc import Awaitable, Callable
from contextlib import suppress

import httpx2
import openai

from courseware.race import SIXTH, five_messages, hurried
from threadlab.engine import Request
from threadlab.trials.explore import Exploration, explore
from threadlab.trials.trial import ASYNC_CLIENT, KEY, World

ROUNDS = 60
MESSAGE = b'{"role": "user", "content": "Hello"}'

Made = list[tuple[str, int]]
"""The calls of one order: operation and status."""


def bodies(world: World) -> dict[tuple[str, int], bytes]:
    """What the service answers to each call that the function makes."""
    thread_id, assistant_id = world.given
    engine, now = world.engine(), world.start
    headers = {"authorization": f"Bearer {KEY}", "openai-beta": "assistants=v2"}

    def ask(method: str, path: str, body: bytes = b"") -> bytes:
        reply = engine.handle(Request(method, f"/v1/threads/{thread_id}{path}", "", headers, body), now)
        return getattr(reply, "body", b"")

    found = {("createMessage", 200): ask("POST", "/messages", MESSAGE)}
    found["createRun", 200] = ask("POST", "/runs", b'{"assistant_id": "%s"}' % assistant_id.encode())
    found["createMessage", 400] = ask("POST", "/messages", MESSAGE)
    now += 10
    run_id = httpx2.Response(200, content=found["createRun", 200]).json()["id"]
    found["getRun", 200] = ask("GET", f"/runs/{run_id}")
    found["listMessages", 200] = ask("GET", "/messages")
    return found


class Alone:
    """The calls without a service: a transport that answers at once."""

    def __init__(self, world: World) -> None:
        self._bodies = bodies(world)
        self._next: tuple[str, int] = ("", 0)
        transport = httpx2.MockTransport(self._answer)
        self.client = openai.AsyncOpenAI(
            api_key=KEY, base_url="http://threadlab.invalid/v1", http_client=httpx2.AsyncClient(transport=transport)
        )
        threads = self.client.beta.threads
        thread_id, assistant_id = world.given
        self._calls: dict[str, Callable[[], Awaitable[object]]] = {
            "createMessage": lambda: threads.messages.create(thread_id, role="user", content=SIXTH),
            "createRun": lambda: threads.runs.create(thread_id, assistant_id=assistant_id),
            "getRun": lambda: threads.runs.retrieve("run_x", thread_id=thread_id),
            "listMessages": lambda: self._listed(thread_id),
        }

    async def _listed(self, thread_id: str) -> object:
        return await self.client.beta.threads.messages.list(thread_id, run_id="run_x")

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(self._next[1], headers={"content-type": "application/json"}, content=self._bodies[self._next])

    async def make(self, orders: list[Made]) -> None:
        for order in orders:
            for self._next in order:
                with suppress(openai.BadRequestError):
                    await self._calls[self._next[0]]()


def calls_of(exploration: Exploration) -> list[Made]:
    return [[(entry.operation, entry.status or 0) for entry in evidence.requests()] for evidence in exploration]


def main() -> None:
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    world = World(five_messages)
    orders = calls_of(explore(hurried, ASYNC_CLIENT, *world.given, SIXTH, world=world))
    alone, ours, floor = Alone(world), [], []
    with asyncio.Runner() as runner:
        for number in range(ROUNDS + 5):
            begun = time.process_time()
            explore(hurried, ASYNC_CLIENT, *world.given, SIXTH, world=world)
            between = time.process_time()
            runner.run(alone.make(orders))
            if number >= 5:
                ours.append((between - begun) / len(orders))
                floor.append((time.process_time() - between) / len(orders))
        runner.run(alone.client.close())
    mine, least = statistics.median(ours), statistics.median(floor)
    each = statistics.mean(map(len, orders))
    print(
        f"an order: {mine * 1000:.2f} ms of processor time; its {each:.1f} SDK calls alone: {least * 1000:.2f} ms; "
        f"{len(orders)} orders, medians of {ROUNDS}"
    )
    print(f"ratio={mine / least:.3f}")


if __name__ == "__main__":
    main()

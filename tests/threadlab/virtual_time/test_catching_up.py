"""When much is due at once, requests get their turn in between, and what they see is one moment's state."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from threadlab.service.in_process import LOCAL_KEY, Service
from threadlab.virtual_time.catching_up import AT_ONCE, MOST_BEHIND, CatchingUp
from threadlab.wire.exchange import Reply, Request

HEADERS = {"authorization": f"Bearer {LOCAL_KEY}", "openai-beta": "assistants=v2"}
RUNS = 10 * AT_ONCE


def ask(service: Service, now: float, method: str, path: str, body: object = None) -> Any:
    raw = b"" if body is None else json.dumps(body).encode()
    reply = service.engine.handle(Request(method, f"/v1{path}", "", HEADERS, raw), now)
    assert isinstance(reply, Reply)
    assert reply.status == 200
    return json.loads(reply.body)


def started(service: Service, count: int) -> list[str]:
    """The paths of so many runs, a tenth of a millisecond apart."""
    assistant = ask(service, service.clock.now(), "POST", "/assistants", {"model": "gpt-4o"})["id"]
    body = {"assistant_id": assistant, "thread": {"messages": [{"role": "user", "content": "What is the capital of France?"}]}}
    paths = []
    for _ in range(count):
        run = ask(service, service.clock.now(), "POST", "/threads/runs", body)
        paths.append(f"/threads/{run['thread_id']}/runs/{run['id']}")
        service.clock.sleep(0.0001)
    return paths


def statuses(service: Service, now: float, paths: list[str]) -> list[str]:
    return [ask(service, now, "GET", path)["status"] for path in paths]


def test_requests_get_their_turn_while_much_is_due() -> None:
    async def burst() -> None:
        with Service() as service:
            paths = started(service, RUNS)
            time = CatchingUp(service.engine, service.clock)
            service.clock.sleep(0.41)  # all are queued for 0.4 s
            time.step()
            assert time.now() < service.clock.now()
            seen = statuses(service, time.now(), paths)
            assert seen == ["in_progress"] * AT_ONCE + ["queued"] * (RUNS - AT_ONCE)  # in the order in which they are due
            for _ in range(RUNS // AT_ONCE):
                await asyncio.sleep(0)
            assert time.now() == service.clock.now()
            assert statuses(service, time.now(), paths) == ["in_progress"] * RUNS

    asyncio.run(burst())


def test_nobody_sees_what_is_older_than_a_moment() -> None:
    """A service at which nobody has looked for a while is not behind when somebody does."""

    async def late() -> None:
        with Service() as service:
            paths = started(service, RUNS)
            time = CatchingUp(service.engine, service.clock)
            service.clock.sleep(60)
            time.step()
            assert service.clock.now() - time.now() <= MOST_BEHIND
            assert statuses(service, time.now(), paths) == ["completed"] * RUNS

    asyncio.run(late())


def test_time_never_goes_back() -> None:
    async def walk() -> None:
        with Service() as service:
            started(service, RUNS)
            time, seen = CatchingUp(service.engine, service.clock), []
            for _ in range(200):
                service.clock.sleep(0.02)
                time.step()
                seen.append(time.now())
                await asyncio.sleep(0)
                seen.append(time.now())
            assert seen == sorted(seen)
            assert seen[-1] == service.clock.now()

    asyncio.run(walk())

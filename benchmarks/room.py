"""How a workshop answers a full room: simulated participants, an open board and hand-ins that are graded meanwhile.

    python benchmarks/room.py                      60 participants for 20 seconds
    python benchmarks/room.py --people 20 --seconds 5

Each participant has a stream open, says something about once a second (far more often than people do), asks now and then for its own state,
and hands in once. The same clients then ask a stub, which reads each request and answers it with a constant: what the stub takes is the
price of the clients, of HTTP and of this computer. The ratio says more than the milliseconds do.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import multiprocessing
import random
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import httpx2

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from autograder.sandbox import available  # noqa: E402
from courseware import catalogue  # noqa: E402
from tests.autograder.course_copy import clone  # noqa: E402
from tests.autograder.workshop.server import SLUG, Workshop, act, notebook, opened  # noqa: E402
from tests.threadlab.widgets.conftest import free_port  # noqa: E402

ANSWERS = ("step_by_step", "no_run", "a_fixed_sleep", "runs_twice", "returns_the_message", "streams")
PATHS = [f"lessons/{one.name}.ipynb" for one in catalogue.LESSONS]
WARM_UP = 2.0
"""Seconds at the beginning that do not count."""


class Measured:
    """How long each kind of request took, in milliseconds; and how long a grade took, in seconds."""

    def __init__(self) -> None:
        self.took: dict[str, list[float]] = defaultdict(list)
        self.codes: dict[int, int] = defaultdict(int)
        self.graded: list[float] = []
        self.told = 0
        """How often somebody's page was told something."""

    def p(self, part: float, *kinds: str) -> float:
        every = sorted(one for kind in kinds or tuple(self.took) for one in self.took[kind])
        return every[min(len(every) - 1, int(part * len(every)))]

    def count(self) -> int:
        return sum(len(one) for one in self.took.values())


async def participant(client: httpx2.AsyncClient, number: int, until: float, handed: bytes | None, measured: Measured) -> None:
    """One person, from now until then."""
    chance = random.Random(number)
    start, hands_in_at = time.perf_counter(), time.perf_counter() + 2 + chance.random() * 8
    sent = 0.0

    async def ask(kind: str, method: str, path: str, **more: Any) -> httpx2.Response:
        began = time.perf_counter()
        reply = await client.request(method, path, **more)
        if began - start > WARM_UP:
            measured.took[kind].append(1000 * (time.perf_counter() - began))
        measured.codes[reply.status_code] += 1
        return reply

    async def listen() -> None:
        async with client.stream("GET", "/room/stream", timeout=None) as stream:
            async for line in stream.aiter_lines():
                if line.startswith("data:"):
                    measured.told += 1
                    if sent and not done.is_set() and '"state":"graded"' in line:
                        measured.graded.append(time.perf_counter() - sent)
                        done.set()

    done = asyncio.Event()
    listening = asyncio.create_task(listen())
    try:
        while time.perf_counter() < until:
            await asyncio.sleep(chance.expovariate(1.0))
            if handed is not None and not sent and time.perf_counter() > hands_in_at:
                sent = time.perf_counter()
                await ask("hand in", "POST", f"/room/hand-in/{SLUG}", content=handed)
            elif chance.random() < 0.15:
                await ask("own state", "GET", "/room/me")
            else:
                await ask("events", "POST", "/room/events", json=[_event(chance)])
        if handed is not None:  # the last ones are still being graded
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(done.wait(), 60)
    finally:
        listening.cancel()


def _event(chance: random.Random) -> dict[str, Any]:
    return chance.choice(
        [
            {"kind": "opened", "path": chance.choice(PATHS)},
            {"kind": "here"},
            {"kind": "hand", "up": chance.random() < 0.3},
            {"kind": "predicted", "question": "first-status", "choice": chance.choice("ABC")},
            {"kind": "checked", "exercise": SLUG, "part": "first_turn", "earned": 2, "lost": ["one_run", "waits_for_the_end"]},
        ]
    )


async def everybody(address: str, keys: list[str], seconds: float, notebooks: list[bytes] | None) -> Measured:
    measured, until = Measured(), time.perf_counter() + seconds
    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=None)
    clients = [
        httpx2.AsyncClient(base_url=address, headers={"cookie": f"threads_room={key}"}, trust_env=False, timeout=60, limits=limits)
        for key in keys
    ]
    work = [
        participant(client, number, until, notebooks[number % len(notebooks)] if notebooks else None, measured)
        for number, client in enumerate(clients)
    ]
    await asyncio.gather(*work)
    for client in clients:
        await client.aclose()
    return measured


# ---- the stub ---------------------------------------------------------------------------------------------------------------------------


def stub(port: int) -> None:
    """The least that can answer the same requests."""
    import uvicorn
    from sse_starlette import EventSourceResponse
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import JSONResponse, Response
    from starlette.routing import Route

    async def constant(request: Request) -> Response:
        await request.body()
        return JSONResponse({"taken": 1})

    async def stream(request: Request) -> Response:
        async def nothing() -> Any:
            yield "{}"
            await asyncio.sleep(3600)

        return EventSourceResponse(nothing())

    routes = [Route("/room/stream", stream), Route("/{path:path}", constant, methods=["GET", "POST"])]
    uvicorn.run(Starlette(routes=routes), host="127.0.0.1", port=port, http="h11", log_level="error", access_log=False)


def of_the_stub(people: int, seconds: float) -> Measured:
    port = free_port()
    process = multiprocessing.get_context("spawn").Process(target=stub, args=(port,), daemon=True)
    process.start()
    for _ in range(100):
        try:
            httpx2.get(f"http://127.0.0.1:{port}/", trust_env=False)
            break
        except httpx2.ConnectError:
            time.sleep(0.1)
    try:
        return asyncio.run(everybody(f"http://127.0.0.1:{port}", ["none"] * people, seconds, None))
    finally:
        process.kill()
        process.join()


def of_the_room(people: int, seconds: float, folder: Path) -> Measured:
    edition = folder / "edition"
    edition.mkdir()
    (edition / "course.json").write_text('{"version": "0", "notebooks": {}}')
    course = clone(folder / "course")
    options = [] if available().complete else ["--trust-submissions"]
    with opened(Workshop(course, edition, *options)) as workshop:
        keys = []
        for number in range(people):
            keys.append(workshop.join(f"Participant {number}").cookies["threads_room"])
            if number % 60 == 59:
                time.sleep(1)
        teacher = workshop.teacher()
        for _ in range(600):
            if "getting ready" not in teacher.get("/teacher/").text:
                break
            time.sleep(0.1)
        with teacher.stream("GET", "/teacher/stream"):  # the board is open all the time
            measured = asyncio.run(everybody(workshop.address, keys, seconds, [notebook(course, one) for one in ANSWERS]))
        act(teacher, "show", question="first-status")
        return measured


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=60)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="threads-room-") as folder:
        room = of_the_room(options.people, options.seconds, Path(folder))
    bare = of_the_stub(options.people, options.seconds)
    print(f"{options.people} participants, {options.seconds:g} s, {room.count()} requests to the room, {bare.count()} to the stub")
    print(f"{'':<12} {'p50':>8} {'p95':>8} {'p99':>8} {'most':>8}   ms")
    rows = [("the room", room, ()), *((f"  {kind}", room, (kind,)) for kind in sorted(room.took)), ("a stub", bare, ())]
    for name, measured, kinds in rows:
        print(f"{name:<12} " + " ".join(f"{measured.p(part, *kinds):8.1f}" for part in (0.5, 0.95, 0.99, 1.0)))
    print(f"p95 of the room is {room.p(0.95) / bare.p(0.95):.1f} times that of the stub.")
    graded = sorted(room.graded)
    if graded:
        middle, late = statistics.median(graded), graded[int(0.95 * (len(graded) - 1))]
        print(f"{len(graded)} of {options.people} hand-ins were graded: median {middle:.1f} s, p95 {late:.1f} s, most {graded[-1]:.1f} s.")
    print(f"answers by status: {dict(sorted(room.codes.items()))}; pages were told something {room.told} times")
    if options.json:
        found = {"people": options.people, "p95_ms": room.p(0.95), "stub_p95_ms": bare.p(0.95), "ratio": room.p(0.95) / bare.p(0.95)}
        options.json.write_text(
            json.dumps({**found, "graded": len(graded), "graded_median_s": statistics.median(graded) if graded else None}, indent=1) + "\n"
        )


if __name__ == "__main__":
    main()

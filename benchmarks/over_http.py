"""What one server process takes: 1,000 clients that each poll a run once a second, and clients that write as fast as they can.

A thousand runs start in one second, one for each client, and are polled from then on. All polls count, those too that come while the runs
go from status to status. Then the same with something harder: in the second and the third second each client starts another run between two
of its polls, so that starting and polling compete.

The pollers are compared with the same pollers against a stub, the same server and the same HTTP with an engine that answers at once.
The writers are compared with a server in which every write waits for the disk alone. Ends in `ratio=`: the pollers' 99th percentile
over the stub's, each the better of two runs. Takes about two minutes.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

KEY = "sk-threadlab-benchmark"
AGAIN = 1.5
"""Seconds after its first poll at which a client starts another run, if it does."""
HEADERS = f"Host: 127.0.0.1\r\nAuthorization: Bearer {KEY}\r\nOpenAI-Beta: assistants=v2\r\nContent-Type: application/json\r\n"


# ---- the servers, each in a process of its own -----------------------------------------------------------------------------------------


class Stub:
    """Answers everything at once with what a run looks like."""

    def handle(self, request: Any, now: float) -> Any:
        from threadlab.wire.exchange import Reply

        return Reply(200, b'{"id":"run_stub","object":"thread.run","status":"in_progress","pad":"' + b"x" * 900 + b'"}')


def serve(kind: str, file: str) -> None:
    """`stub`; `together`, as `serve` does it; `alone`: one transaction a request."""
    from threadlab.service import listen
    from threadlab.service.asgi import App, ServerInfo
    from threadlab.service.in_process import build_engine
    from threadlab.store.open import open_store
    from threadlab.text import tokens
    from threadlab.virtual_time.clock import ScaledClock

    if kind != "stub":
        tokens.load()  # as `serve` does it, beside its first requests
    store = open_store(file)
    engine = Stub() if kind == "stub" else build_engine(store, keys={KEY: "default"})
    clock = ScaledClock()

    def together() -> AbstractContextManager[None]:
        engine.advance(clock.now())
        return store.transaction()

    transaction = together if kind == "together" else nullcontext
    app = App(
        engine,
        clock,
        key=KEY,
        info=ServerInfo("threadlab", "0", 0, 0.0, file),
        transaction=transaction,
    )
    listener = listen.open_socket(0)
    print(listener.getsockname()[1], flush=True)
    listen.run(app, listener)


# ---- clients ---------------------------------------------------------------------------------------------------------------------------


class Client:
    """Just enough HTTP on one connection, so that what is measured is the server and not the client."""

    async def connect(self, port: int) -> "Client":
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", port)
        return self

    async def ask(self, method: str, path: str, body: object = None) -> Any:
        data = b"" if body is None else json.dumps(body).encode()
        self._writer.write(f"{method} /v1{path} HTTP/1.1\r\n{HEADERS}Content-Length: {len(data)}\r\n\r\n".encode() + data)
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        answer = await self._reader.readexactly(length)
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(answer.decode())
        return json.loads(answer)

    def close(self) -> None:
        self._writer.close()


class Took(NamedTuple):
    """Milliseconds from the moment at which a request was due to its answer, so that a queue cannot hide."""

    p50: float
    p99: float
    most: float
    requests: int

    def __str__(self) -> str:
        return f"p50 {self.p50:.2f} ms, p99 {self.p99:.2f} ms, most {self.most:.1f} ms over {self.requests:,} requests"


def summary(took: list[float]) -> Took:
    took.sort()
    return Took(*(1000 * took[min(len(took) - 1, int(len(took) * part))] for part in (0.5, 0.99, 1.0)), len(took))


async def poll(port: int, pollers: int, seconds: float, *, again: bool = False) -> Took:
    """Every client starts a run on a thread of its own, all in one second, and asks for it once a second from then on."""
    clients = [await Client().connect(port) for _ in range(pollers)]
    made = [(await client.ask("POST", "/assistants", {"model": "gpt-4o"}))["id"] for client in clients]
    took: list[float] = []
    start = time.perf_counter() + 0.5

    async def work(index: int) -> None:
        client, due = clients[index], start + index / pollers
        await asyncio.sleep(due - time.perf_counter())
        path = await _start_run(client, made[index])
        begins = due + 1 + AGAIN if again else float("inf")
        while (due := due + 1) < start + 1 + seconds:
            if begins < due:
                await asyncio.sleep(begins - time.perf_counter())
                path, begins = await _start_run(client, made[index]), float("inf")
            await asyncio.sleep(due - time.perf_counter())
            await client.ask("GET", path)
            took.append(time.perf_counter() - due)

    await asyncio.gather(*map(work, range(pollers)))
    for client in clients:
        client.close()
    return summary(took)


async def _start_run(client: Client, assistant_id: str) -> str:
    thread = {"messages": [{"role": "user", "content": "What is the capital of France?"}]}
    run = await client.ask("POST", "/threads/runs", {"assistant_id": assistant_id, "thread": thread})
    return f"/threads/{run.get('thread_id', 'thread_stub')}/runs/{run['id']}"


async def write(port: int, writers: int, seconds: float) -> float:
    """Requests a second of clients that add messages, each to its own thread, as fast as they are told that the last one is safe."""
    clients = [await Client().connect(port) for _ in range(writers)]
    threads = [(await client.ask("POST", "/threads", {}))["id"] for client in clients]
    end, count = time.perf_counter() + seconds, 0

    async def work(client: Client, thread: str) -> None:
        nonlocal count
        while time.perf_counter() < end:
            await client.ask("POST", f"/threads/{thread}/messages", {"role": "user", "content": "One more message for this thread."})
            count += 1

    await asyncio.gather(*map(work, clients, threads))
    for client in clients:
        client.close()
    return count / seconds


def against(kind: str, job: Callable[[int], Awaitable[Any]]) -> Any:
    """What `job` measures against a fresh server on a fresh store."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, __file__, "--serve", kind, os.path.join(folder, "store.db")]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout
            try:
                return asyncio.run(asyncio.wait_for(_run(job, int(server.stdout.readline())), 300))
            finally:
                server.terminate()


async def _run(job: Callable[[int], Awaitable[Any]], port: int) -> Any:
    return await job(port)


def compared(title: str, pollers: int, seconds: float, *, again: bool) -> tuple[Took, Took]:
    """The best of the stub and of the service, each of two runs."""
    best: dict[str, Took] = {}
    for kind in ("stub", "together", "stub", "together"):  # in turn: other programs disturb some of them
        took = against(kind, lambda port: poll(port, pollers, seconds, again=again))
        print(f"{title}, {'stub' if kind == 'stub' else 'service'}: {took}", flush=True)
        best[kind] = min(took, best.get(kind, took), key=lambda one: one.p99)
    return best["stub"], best["together"]


def main(pollers: int = 1000, seconds: float = 10, writers: int = 32) -> None:
    stub, service = compared(f"{pollers:,} runs start in a second", pollers, seconds, again=False)
    least, most = compared("and again while they are polled", pollers, seconds, again=True)
    for count in (1, writers):
        rates = {kind: against(kind, lambda port: write(port, count, seconds / 2)) for kind in ("alone", "together")}  # noqa: B023
        print(f"writers: {count}; messages/s: {rates['alone']:,.0f} waiting alone, {rates['together']:,.0f} together")
    print(f"again: p99={most.p99:.2f} ratio={most.p99 / least.p99:.2f}")
    print(f"p50={service.p50:.2f} p99={service.p99:.2f} ratio={service.p99 / stub.p99:.2f}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        serve(*sys.argv[2:])
    else:
        main(*map(int, sys.argv[1:]))

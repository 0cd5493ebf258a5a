"""What the service costs: a full turn in process against the SDK alone, and how time and memory grow with a thread.

    python benchmarks/service.py            the ratio, in a few seconds
    python benchmarks/service.py --flat     first the table from 10 to 100,000 messages, and its plot (service.svg beside this file)

A turn is: create a thread, a message and a run, poll the run, list the messages. The same five calls are made by a client whose transport
answers at once with the bytes that the service sent, so that the ratio is what the service adds to what nobody can avoid. The last line
is `ratio=…`.
"""

import argparse
import gc
import json
import statistics
import tempfile
import time
import tracemalloc
import warnings
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import httpx2
import openai

from threadlab import Service
from threadlab.engine import Reply, Request
from threadlab.engine.assistants_api.messages import MAX_MESSAGES

WARM, TURNS, BLOCK = 60, 900, 60
REPEATS = 41
SIZES = (10, 100, 1_000, 10_000, 100_000)
WINDOW = {"type": "last_messages", "last_messages": 20}
QUESTION = "What is the capital of France?"


def turn(client: openai.OpenAI, assistant_id: str, wait: Callable[[], None]) -> None:
    threads = client.beta.threads
    thread = threads.create()
    threads.messages.create(thread.id, role="user", content=QUESTION)
    run = threads.runs.create(thread.id, assistant_id=assistant_id)
    wait()
    run = threads.runs.retrieve(run.id, thread_id=thread.id)
    assert run.status == "completed"
    threads.messages.list(thread.id)


def recorded(service: Service, assistant_id: str, wait: Callable[[], None]) -> list[tuple[int, list[tuple[str, str]], bytes]]:
    """The replies of one turn, as the service gives them."""
    replies = []

    def note(request: httpx2.Request) -> httpx2.Response:
        response = service.transport.handle_request(request)
        replies.append((response.status_code, response.headers.multi_items(), response.read()))
        return response

    with httpx2.Client(transport=httpx2.MockTransport(note)) as http:
        turn(openai.OpenAI(api_key=service.key, base_url="http://threadlab.invalid/v1", http_client=http), assistant_id, wait)
    return replies


def ratio() -> float:
    """Processor time of turns that take turns; medians of blocks, and the middle one of those."""
    with Service() as service:
        client = service.client()
        assistant_id = client.beta.assistants.create(model="gpt-4o").id

        def wait() -> None:
            service.clock.sleep(5)

        replies = cycle(recorded(service, assistant_id, wait))

        def at_once(request: httpx2.Request) -> httpx2.Response:
            status, headers, body = next(replies)
            return httpx2.Response(status, headers=headers, content=body)

        with httpx2.Client(transport=httpx2.MockTransport(at_once)) as http:
            alone = openai.OpenAI(api_key="sk-none", base_url="http://threadlab.invalid/v1", http_client=http)
            ours, floor = [], []
            for _ in range(WARM + TURNS):
                ours.append(timed(lambda: turn(client, assistant_id, wait), time.process_time))
                floor.append(timed(lambda: turn(alone, assistant_id, wait), time.process_time))
    blocks = [
        (statistics.median(ours[at : at + BLOCK]), statistics.median(floor[at : at + BLOCK])) for at in range(WARM, WARM + TURNS, BLOCK)
    ]
    found, mine, least = statistics.median_low([(mine / least, mine, least) for mine, least in blocks])
    print(f"a turn in process: {mine * 1000:.2f} ms of processor time; the SDK alone: {least * 1000:.2f} ms")
    return found


def timed(work: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    """Seconds on a clock. A turn in process waits for nothing, so `process_time` is all it costs, whatever else the machine does."""
    begun = clock()
    work()
    return clock() - begun


# ---- growth ---------------------------------------------------------------------------------------------------------------------------


class Desk:
    """The engine without an SDK in front of it: what is measured is the service alone."""

    def __init__(self, service: Service) -> None:
        self._engine, self._clock = service.engine, service.clock
        self._headers = {"authorization": f"Bearer {service.key}", "openai-beta": "assistants=v2"}
        self.assistant_id = self.ask("POST", "/assistants", {"model": "gpt-4o"})["id"]
        self.thread = f"/threads/{self.ask('POST', '/threads', {})['id']}"

    def ask(self, method: str, path: str, body: object = None) -> Any:
        raw = b"" if body is None else json.dumps(body).encode()
        reply = self._engine.handle(Request(method, f"/v1{path}", "", self._headers, raw), self._clock.now())
        assert isinstance(reply, Reply)
        assert reply.status == 200
        return json.loads(reply.body)

    def fill(self, count: int, size: int) -> int:
        """Add messages until there are `size`; how many there are then."""
        with self._engine.store.transaction():
            for _ in range(size - count):
                self.add()
        return max(size, count)

    def add(self) -> None:
        self.ask("POST", f"{self.thread}/messages", {"role": "user", "content": QUESTION})

    def list(self) -> None:
        self.ask("GET", f"{self.thread}/messages")

    def run(self) -> None:
        self.ask("POST", f"{self.thread}/runs", {"assistant_id": self.assistant_id, "truncation_strategy": WINDOW})

    def finish(self) -> None:
        self._clock.sleep(5)
        self._engine.advance(self._clock.now())


def speeds(store: Path | None) -> Iterator[tuple[float, float, float]]:
    """Of each size: microseconds to add a message, to list a page and to start a run that reads the last 20 messages."""
    with Service(store) as service:
        desk, count = Desk(service), 0
        for size in SIZES:
            count = desk.fill(count, min(size, MAX_MESSAGES - 2 * REPEATS))
            times: tuple[list[float], list[float], list[float]] = ([], [], [])
            for _ in range(REPEATS):
                for taken, work in zip(times, (desk.add, desk.list, desk.run), strict=True):
                    taken.append(timed(work) * 1e6)
                desk.finish()
            count += 2 * REPEATS
            yield statistics.median(times[0]), statistics.median(times[1]), statistics.median(times[2])


def sizes(store: Path | None) -> Iterator[float]:
    """Of each size: bytes a message, in memory or in the file. The journal of requests is not counted: it has a limit of its own."""
    if store is None:
        tracemalloc.start()
    with Service(store) as service:
        desk, count = Desk(service), 0
        for size in SIZES:
            count = desk.fill(count, size)
            service.journal.clear()
            gc.collect()
            held = tracemalloc.get_traced_memory()[0] if store is None else sum(file.stat().st_size for file in store.parent.iterdir())
            yield held / count
    tracemalloc.stop()


def flatness(out: Path) -> None:
    lines = []
    print(f"{'store':8}{'messages':>10}{'add µs':>10}{'list µs':>10}{'run µs':>10}{'bytes/message':>16}")
    with tempfile.TemporaryDirectory() as folder:
        for name, first, second in (("memory", None, None), ("SQLite", Path(folder) / "a" / "store", Path(folder) / "b" / "store")):
            rows = list(zip(SIZES, list(speeds(first)), list(sizes(second)), strict=True))
            for size, (add, listed, ran), bytes_each in rows:
                print(f"{name:8}{size:10,}{add:10.0f}{listed:10.0f}{ran:10.0f}{bytes_each:16.0f}", flush=True)
            lines += [(f"{name}: {what}", [(row[0], row[1][at]) for row in rows]) for at, what in enumerate(("add", "list", "run"))]
    out.write_text(plot(lines), encoding="utf-8", newline="\n")
    print(f"{out.name} is written.")


def plot(lines: list[tuple[str, list[tuple[int, float]]]]) -> str:
    """Microseconds an operation over messages in the thread, both in powers of ten, as SVG."""
    from math import log10

    def x(size: float) -> float:
        return 70 + (log10(size) - 1) * 110

    def y(micros: float) -> float:
        return 330 - (log10(max(micros, 10)) - 1) * 75

    colours = ("#0072b2", "#56b4e9", "#009e73", "#d55e00", "#e69f00", "#cc79a7")
    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 380" font-family="system-ui, sans-serif" font-size="12">',
        "<title>Microseconds an operation, by messages in the thread: flat from 10 to 100,000</title>",
        '<rect width="720" height="380" fill="white"/>',
    ]
    for power in range(1, 6):
        value = 10**power
        parts.append(f'<line x1="70" x2="510" y1="{y(value):.0f}" y2="{y(value):.0f}" stroke="#ddd"/>')
        parts.append(f'<text x="62" y="{y(value) + 4:.0f}" text-anchor="end">{value:,} µs</text>')
        parts.append(f'<text x="{x(value):.0f}" y="352" text-anchor="middle">{value:,}</text>')
    parts.append('<text x="290" y="374" text-anchor="middle">messages in the thread</text>')
    for (_, points), colour in zip(lines, colours, strict=False):
        path = " ".join(f"{x(size):.0f},{y(micros):.1f}" for size, micros in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
    for index, ((name, _), colour) in enumerate(zip(lines, colours, strict=False)):
        parts.append(f'<rect x="540" y="{40 + index * 22}" width="14" height="4" fill="{colour}"/>')
        parts.append(f'<text x="562" y="{46 + index * 22}">{name}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--flat", action="store_true", help="also measure growth from 10 to 100,000 messages (a few minutes)")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".svg"), help="where the plot goes")
    options = parser.parse_args()
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    if options.flat:
        flatness(options.out)
    print(f"ratio={ratio():.3f}")


if __name__ == "__main__":
    main()

"""What it costs to run a submission's cells: a fork of the warm process with the sandbox on, against a kernel through nbclient.

    python benchmarks/worker.py [submissions] [kernels]

The eight cells import the SDK, define, compute, print, show a value, await and fail once, as a short notebook's do. The worker's time
includes the start of its warm process. Ends in `ratio=`: a kernel's time for a submission over the worker's.
"""

import os
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import nbclient
import nbformat

from autograder.execution.client import Session, WorkerClient

CELLS = [
    "import openai\nimport json",
    "def answer(n):\n    return sum(range(n))",
    "answer(1000)",
    "print('one line')\nprint('another')",
    "import asyncio\nawait asyncio.sleep(0)",
    "class Shape:\n    def __init__(self, sides):\n        self.sides = sides\nShape(3).sides",
    "json.dumps({'values': list(range(100))})",
    "answer('three')",
]


def through_kernel() -> float:
    """Seconds for one submission, stock."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in CELLS])
    start = time.perf_counter()
    nbclient.NotebookClient(notebook, allow_errors=True, timeout=60, kernel_name="python3").execute()
    return time.perf_counter() - start


def through_worker(client: WorkerClient) -> dict[str, float]:
    """Seconds for the parts of one submission."""
    times = [time.perf_counter()]
    session: Session = client.open()
    times.append(time.perf_counter())
    for source in CELLS:
        session.run_cell(source, timeout=60)
    times.append(time.perf_counter())
    session.close()
    times.append(time.perf_counter())
    return {name: after - before for name, before, after in zip(("fork and sandbox", "cells", "end"), times, times[1:], strict=False)}


def round_trip(client: WorkerClient, times: int = 5000) -> float:
    """Seconds for one message of a trial and its answer."""
    guest = (
        f"import sys, types\nm = types.ModuleType('threadlab.trials.guest')\ndef serve(spec, namespace, exchange):\n    "
        f"    for _ in range({times}): "
    )
    guest += "exchange(b'x' * 200)\n    return b''\nm.serve = serve\nsys.modules['threadlab.trials.guest'] = m"
    with client.open() as session:
        session.run_cell(guest, timeout=60)
        start = time.perf_counter()
        session.trial(b"", lambda said: said, timeout=60)
        return (time.perf_counter() - start) / times


def main(submissions: int = 100, kernels: int = 5) -> None:
    """Print a line a part, then the ratio."""
    start = time.perf_counter()
    with WorkerClient(trust=True) as client:
        report = client.report()
        ready = time.perf_counter() - start
        rows = [through_worker(client) for _ in range(submissions)]
        total = time.perf_counter() - start
        trip = round_trip(client)
    print(report.sentence())
    print(f"{'warm process starts':24}{ready * 1e3:9.1f} ms, once")
    for name in rows[0]:
        print(f"{name:24}{statistics.median(row[name] for row in rows) * 1e3:9.1f} ms (median of {submissions})")
    print(f"{'a submission':24}{total / submissions * 1e3:9.1f} ms, start-up included")
    print(f"{'a trial’s round trip':24}{trip * 1e6:9.1f} µs")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # each kernel says there that its transport is not encrypted
    kernel = statistics.median(through_kernel() for _ in range(kernels))
    print(f"{'through a kernel':24}{kernel * 1e3:9.1f} ms (median of {kernels})")
    print(f"ratio={kernel / (total / submissions):.1f}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

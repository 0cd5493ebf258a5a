"""How fast the race stepper opens a journal of 5,000 lines, and steps through it: `python benchmarks/widgets.py`. No browser."""

from __future__ import annotations

import time

from courseware.race import five_messages
from threadlab import Service
from threadlab.widgets import Race

LINES = 5000


def main() -> None:
    with Service() as service:
        client = service.client()
        thread_id, _ = five_messages(client)
        while len(service.journal) < LINES:
            client.beta.threads.messages.create(thread_id, role="user", content=f"Fact {len(service.journal)}")
        began = time.perf_counter()
        stepper = Race(service.journal)
        html = stepper.html()
        opened = time.perf_counter() - began
        steps = []
        for position in range(1, len(stepper.rows), max(1, len(stepper.rows) // 200)):
            began = time.perf_counter()
            stepper.act("step", str(position))
            html = stepper.html()
            steps.append(time.perf_counter() - began)
    steps.sort()
    print(f"{len(service.journal)} lines, {len(stepper.rows)} moments: opened in {opened * 1000:.0f} ms, {len(html) / 1000:.0f} kB of HTML")
    print(f"a step: median {steps[len(steps) // 2] * 1000:.1f} ms, slowest {steps[-1] * 1000:.1f} ms")


if __name__ == "__main__":
    import warnings

    warnings.simplefilter("ignore", DeprecationWarning)
    main()

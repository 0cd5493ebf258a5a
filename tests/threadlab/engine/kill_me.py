"""Forks processes that write messages and runs into a store as fast as they can, kills each after a moment, and repeats what they said
was acknowledged. The store, a seed and the number of kills are its arguments."""

import os
import random
import signal
import sys
import time
import warnings

from threadlab.service.in_process import Service


def work(store: str | None, seed: int, turns: int = 1_000_000) -> None:
    service = Service(store, clock="real", seed=seed)
    client = service.client(max_retries=0)
    assistant = client.beta.assistants.create(model="gpt-4o").id
    for _ in range(turns):
        thread = client.beta.threads.create().id
        for number in range(5):
            message = client.beta.threads.messages.create(thread, role="user", content=f"message {number}").id
            print(f"message {thread} {message}", flush=True)
        run = client.beta.threads.runs.create(thread, assistant_id=assistant).id
        print(f"run {thread} {run}", flush=True)


def main() -> None:
    warnings.simplefilter("ignore")
    store, seed, kills = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    chance = random.Random(seed)
    work(None, seed, turns=1)  # so that everything is imported before the first fork
    for number in range(kills):
        child = os.fork()
        if child == 0:
            work(store, seed * 1000 + number)
        time.sleep(chance.uniform(0.005, 0.12))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        print(f"\nkilled {number}", flush=True)


main()

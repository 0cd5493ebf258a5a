"""Forks processes that write messages and runs into a store as fast as they can, and kills each a moment after it has acknowledged a number
of them; every third one before it need have acknowledged any. Its arguments are the store, a seed and the number of kills.
"""

import os
import random
import signal
import sys
import time
import warnings

from threadlab.service.in_process import Service


def work(store: str | None, seed: int, turns: int = 1_000_000, told: int | None = None) -> None:
    service = Service(store, clock="real", seed=seed)
    client = service.client(max_retries=0)
    assistant = client.beta.assistants.create(model="gpt-4o").id
    for _ in range(turns):
        thread = client.beta.threads.create().id
        for number in range(5):
            message = client.beta.threads.messages.create(thread, role="user", content=f"message {number}").id
            print(f"message {thread} {message}", flush=True)
            if told is not None:
                os.write(told, b".")
        run = client.beta.threads.runs.create(thread, assistant_id=assistant).id
        print(f"run {thread} {run}", flush=True)


def main() -> None:
    warnings.simplefilter("ignore")
    store, seed, kills = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    chance = random.Random(seed)
    work(None, seed, turns=1)  # so that everything is imported before the first fork
    for number in range(kills):
        ours, theirs = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(ours)
            work(store, seed * 1000 + number, told=theirs)
        os.close(theirs)
        for _ in range(0 if number % 3 == 2 else chance.randint(2, 20)):
            os.read(ours, 1)
        time.sleep(chance.uniform(0, 0.02))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(ours)
        print(f"\nkilled {number}", flush=True)


main()

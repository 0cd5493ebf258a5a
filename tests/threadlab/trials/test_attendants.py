"""Threads that were there before virtual time began, such as those of a notebook's kernel."""

import threading
import time

from threadlab import Service
from threadlab.virtual_time import patches


def test_thread_of_the_kernel_turns_the_clock():
    patches.install()
    over, turns = threading.Event(), []

    def attendant():
        while not over.is_set():
            time.sleep(0.001)
            turns.append(1)

    threading.Thread(target=attendant, daemon=True).start()
    try:
        with Service() as service, service.time():
            before = service.clock.now()
            seen = len(turns)
            while len(turns) < seen + 5:
                patches.real("sleep")(0.001)
            assert service.clock.now() == before
    finally:
        over.set()


def test_worker_thread_waits_in_real_time():
    """A thread that begins inside sleeps on virtual time, daemon or not."""
    with Service() as service, service.time():
        before = service.clock.now()
        worker = threading.Thread(target=time.sleep, args=(3600,), daemon=True)
        worker.start()
        worker.join()
        assert service.clock.now() == before + 3600

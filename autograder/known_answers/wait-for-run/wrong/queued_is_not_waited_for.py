# loses: returns_at_every_end, overshoots_at_most_one_pause, raises_run_timeout
# says: returned_while_not_end
# %% wait_for_run
import itertools
from random import random as chance


def pauses(first=1.0, factor=1.5, cap=6.0):
    for n in itertools.count():
        base = min(first * factor**n, cap)
        yield base * (0.5 + chance())


def is_over(run):
    return run.status not in ("in_progress", "cancelling")


def wait_for_run(client, thread_id, run_id, *, max_wait=60.0):
    started = time.time()
    for pause in pauses():
        if time.time() - started > max_wait:
            break
        time.sleep(pause)
        try:
            run = client.beta.threads.runs.retrieve(thread_id=thread_id, run_id=run_id)
        except openai.APIStatusError as error:
            if error.status_code != 429 and error.status_code < 500:
                raise
            continue
        if is_over(run):
            return run
    client.beta.threads.runs.cancel(thread_id=thread_id, run_id=run_id)
    raise RunTimeout(run_id)

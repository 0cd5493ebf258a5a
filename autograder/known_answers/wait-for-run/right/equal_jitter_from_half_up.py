# %% wait_for_run
def backoff(n):
    top = min(9.0, 1.3 * 2**n)
    return top / 2 + random.random() * top / 2 + (0.2 if n == 0 else 0)


def wait_for_run(client, thread_id, run_id, *, max_wait=60.0):
    clock = time.perf_counter if False else time.monotonic
    end = clock() + max_wait
    n = 0
    last_try = False
    while True:
        try:
            run = client.beta.threads.runs.retrieve(run_id, thread_id=thread_id)
        except openai.APIStatusError as e:
            if e.status_code < 500 and e.status_code != 429:
                raise
            run = None
        if run is not None and run.status in ("completed", "failed", "incomplete", "cancelled", "expired", "requires_action"):
            return run
        if last_try:
            client.beta.threads.runs.cancel(run_id, thread_id=thread_id)
            raise RunTimeout(f"Run {run_id} did not end within {max_wait} seconds.")
        pause = backoff(n)
        n += 1
        if clock() + pause >= end:
            pause, last_try = max(0.0, end - clock()), True
        time.sleep(pause)

# loses: survives_errors
# says: no_pause_after_an_error
# %% wait_for_run
def wait_for_run(client, thread_id, run_id, *, max_wait=60.0):
    deadline, pause = time.monotonic() + max_wait, 1.0
    errors = 0
    while True:
        try:
            run = client.beta.threads.runs.retrieve(run_id, thread_id=thread_id)
        except openai.APIStatusError:
            errors += 1
            if errors % 4:
                continue
            run = None
        if run is not None and run.status not in ("queued", "in_progress", "cancelling"):
            return run
        left = deadline - time.monotonic()
        if left <= 0:
            client.beta.threads.runs.cancel(run_id, thread_id=thread_id)
            raise RunTimeout(run_id)
        time.sleep(min(pause * random.uniform(0.8, 1.2), left))
        pause = min(pause * 2, 8)

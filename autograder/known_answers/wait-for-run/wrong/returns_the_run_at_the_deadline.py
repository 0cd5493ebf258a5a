# loses: raises_run_timeout
# says: max_wait_had_passed_returned
# %% wait_for_run
def wait_for_run(client, thread_id, run_id, *, max_wait=60.0):
    deadline = time.monotonic() + max_wait
    pause = 1.0
    while True:
        try:
            run = client.beta.threads.runs.retrieve(run_id, thread_id=thread_id)
            if run.status not in ("queued", "in_progress", "cancelling"):
                return run
        except (openai.InternalServerError, openai.RateLimitError):
            pass
        if time.monotonic() > deadline:
            client.beta.threads.runs.cancel(run_id, thread_id=thread_id)
            return run
        time.sleep(pause * random.uniform(0.8, 1.2))
        pause = min(pause * 2, 8.0)

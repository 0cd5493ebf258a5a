# loses: starts_at_one_second, survives_errors
# says: first_pause_s_begin_about
# %% wait_for_run
def wait_for_run(client, thread_id, run_id, *, max_wait=60.0):
    deadline = time.monotonic() + max_wait
    pause = 0.1
    while True:
        try:
            run = client.beta.threads.runs.retrieve(run_id, thread_id=thread_id)
            if run.status not in ("queued", "in_progress", "cancelling"):
                return run
        except (openai.InternalServerError, openai.RateLimitError):
            pass
        if time.monotonic() > deadline:
            client.beta.threads.runs.cancel(run_id, thread_id=thread_id)
            raise RunTimeout(f"{run_id} took too long")
        time.sleep(pause * random.uniform(0.8, 1.2))
        pause = min(pause * 2, 8.0)

# loses: pauses_are_capped, overshoots_at_most_one_pause
# says: pause_lasted_s_without_cap
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
            raise RunTimeout(f"{run_id} took too long")
        time.sleep(pause * random.uniform(0.8, 1.2))
        pause = pause * 2

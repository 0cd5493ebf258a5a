# loses: overshoots_at_most_one_pause
# says: max_wait_s_went_s
# %% wait_for_run
def wait_for_run(client, thread_id, run_id, *, max_wait=60.0):
    ends = {"completed", "failed", "incomplete", "cancelled", "expired", "requires_action"}
    max_wait = max_wait or 60.0
    deadline = time.monotonic() + max_wait
    pause = 1.0
    while True:
        try:
            run = client.beta.threads.runs.retrieve(run_id, thread_id=thread_id)
            if run.status in ends:
                return run
        except (openai.InternalServerError, openai.RateLimitError):
            pass
        left = deadline - time.monotonic()
        if left <= 0:
            client.beta.threads.runs.cancel(run_id, thread_id=thread_id)
            raise RunTimeout(f"{run_id} had not ended after {max_wait:g} s")
        time.sleep(min(pause * random.uniform(0.75, 1.25), left))
        pause = min(pause * 2, 8.0)

# loses: pauses_are_capped
# says: pause_lasted_s_without_cap
# %% wait_for_run
ENDS = ("completed", "failed", "incomplete", "cancelled", "expired", "requires_action")


def wait_for_run(client, thread_id, run_id, *, max_wait=60.0):
    deadline = time.monotonic() + max_wait
    pause = 1.0
    while True:
        try:
            run = client.beta.threads.runs.retrieve(run_id, thread_id=thread_id)
            if run.status in ENDS:
                return run
        except (openai.RateLimitError, openai.InternalServerError):
            time.sleep(30)
        left = deadline - time.monotonic()
        if left <= 0:
            client.beta.threads.runs.cancel(run_id, thread_id=thread_id)
            raise RunTimeout(f"run {run_id} had not ended")
        time.sleep(min(pause * random.uniform(0.8, 1.2), left))
        pause = min(pause * 2, 6.0)

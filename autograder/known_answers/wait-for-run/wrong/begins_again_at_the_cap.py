# loses: pauses_grow
# says: pauses_fell_back
# %% wait_for_run
ENDED = {"completed", "failed", "incomplete", "cancelled", "expired", "requires_action"}


def wait_for_run(client, thread_id, run_id, *, max_wait=60.0):
    deadline = time.monotonic() + max_wait
    gap = 1.0
    while True:
        try:
            run = client.beta.threads.runs.retrieve(run_id, thread_id=thread_id)
        except (openai.RateLimitError, openai.InternalServerError):
            pass
        else:
            if run.status in ENDED:
                return run
            gap = min(gap, 8)
        left = deadline - time.monotonic()
        if left <= 0:
            client.beta.threads.runs.cancel(run_id, thread_id=thread_id)
            raise RunTimeout(f"{run_id} on {thread_id} had not ended after {max_wait} s")
        time.sleep(min(left, gap * random.uniform(0.75, 1.25)))
        gap = 1 if gap >= 8 else gap * 2

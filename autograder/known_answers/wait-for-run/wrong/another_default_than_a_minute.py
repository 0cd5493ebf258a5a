# loses: overshoots_at_most_one_pause, cancels_at_the_deadline
# says: another_default
# %% wait_for_run
ENDED = {"completed", "failed", "incomplete", "cancelled", "expired", "requires_action"}


def wait_for_run(client, thread_id, run_id, *, max_wait=300.0):
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
        left = deadline - time.monotonic()
        if left <= 0:
            client.beta.threads.runs.cancel(run_id, thread_id=thread_id)
            raise RunTimeout(f"{run_id} on {thread_id} had not ended after {max_wait} s")
        time.sleep(min(left, gap * random.uniform(0.75, 1.25)))
        gap = min(gap * 2, 8)

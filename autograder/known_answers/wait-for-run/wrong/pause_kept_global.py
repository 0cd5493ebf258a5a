# loses: starts_at_one_second
# says: second_wait_starts_elsewhere
# %% wait_for_run
E0 = ("completed", "failed", "incomplete", "cancelled", "expired", "requires_action")


P = [1.0]


def wait_for_run(client, thread_id, run_id, *, max_wait=60.0):
    deadline = time.monotonic() + max_wait
    while True:
        try:
            run = client.beta.threads.runs.retrieve(run_id, thread_id=thread_id)
            if run.status in E0:
                return run
        except (openai.InternalServerError, openai.RateLimitError):
            pass
        left = deadline - time.monotonic()
        if left <= 0:
            client.beta.threads.runs.cancel(run_id, thread_id=thread_id)
            raise RunTimeout(run_id)
        time.sleep(min(left, P[0] * random.uniform(0.75, 1.25)))
        P[0] = min(8, P[0] * 2)

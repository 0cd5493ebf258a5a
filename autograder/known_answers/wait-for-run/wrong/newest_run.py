# loses: returns_at_every_end, nothing_after_the_end
# says: returned_another_one_whose_id
# %% wait_for_run
E0 = ("completed", "failed", "incomplete", "cancelled", "expired", "requires_action")


def wait_for_run(client, thread_id, run_id, *, max_wait=60.0):
    deadline, pause = time.monotonic() + max_wait, 1
    while True:
        try:
            run = client.beta.threads.runs.list(thread_id).data[0]
            if run.status in E0:
                return run
        except (openai.InternalServerError, openai.RateLimitError):
            pass
        left = deadline - time.monotonic()
        if left <= 0:
            client.beta.threads.runs.cancel(run_id, thread_id=thread_id)
            raise RunTimeout(run_id)
        time.sleep(min(left, pause * random.uniform(0.75, 1.25)))
        pause = min(8, pause * 2)

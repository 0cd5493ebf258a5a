# loses: cancels_at_the_deadline, overshoots_at_most_one_pause, raises_run_timeout, survives_errors
# says: max_wait_s_gave_up
# %% wait_for_run
def wait_for_run(client, thread_id, run_id, *, max_wait=60.0):
    deadline, pause, errors = time.monotonic() + max_wait, 1.0, 0
    while True:
        try:
            run = client.beta.threads.runs.retrieve(run_id, thread_id=thread_id)
            errors = 0
            if run.status not in ("queued", "in_progress", "cancelling"):
                return run
        except openai.APIStatusError:
            errors += 1
            if errors == 4:
                raise
        left = deadline - time.monotonic()
        if left <= 0:
            client.beta.threads.runs.cancel(run_id, thread_id=thread_id)
            raise RunTimeout(run_id)
        time.sleep(min(pause * random.uniform(0.8, 1.2), left))
        pause = min(pause * 2, 8)

# loses: cancels_at_the_deadline, raises_run_timeout, overshoots_at_most_one_pause
# says: no_end
# %% wait_for_run
def wait_for_run(client, thread_id, run_id, *, max_wait=60.0):
    deadline, pause = time.monotonic() + max_wait, 1.0
    while True:
        time.sleep(pause * random.uniform(0.8, 1.2))
        pause = min(pause * 2, 8)
        try:
            run = client.beta.threads.runs.retrieve(run_id, thread_id=thread_id)
        except openai.APIStatusError:
            continue
        if run.status not in ("queued", "in_progress", "cancelling"):
            return run
        if time.monotonic() >= deadline:
            client.beta.threads.runs.cancel(run_id, thread_id=thread_id)
            raise RunTimeout(run_id)

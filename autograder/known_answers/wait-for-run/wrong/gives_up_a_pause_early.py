# loses: cancels_at_the_deadline, nothing_after_the_end, overshoots_at_most_one_pause, returns_at_every_end
# says: raised RunTimeout
# %% wait_for_run
def wait_for_run(client, thread_id, run_id, *, max_wait=60.0):
    deadline, pause = time.monotonic() + max_wait, 1.0
    while True:
        try:
            run = client.beta.threads.runs.retrieve(run_id, thread_id=thread_id)
            if run.status not in ("queued", "in_progress", "cancelling"):
                return run
        except openai.APIStatusError:
            pass
        if time.monotonic() + pause > deadline:
            client.beta.threads.runs.cancel(run_id, thread_id=thread_id)
            raise RunTimeout(run_id)
        time.sleep(pause * random.uniform(0.8, 1.2))
        pause = min(pause * 2, 8)

# loses: nothing_after_the_end, returns_at_every_end
# says: raised BadRequestError
# %% wait_for_run
def wait_for_run(client, thread_id, run_id, *, max_wait=60.0):
    deadline, pause = time.monotonic() + max_wait, 1.0
    while time.monotonic() < deadline:
        try:
            run = client.beta.threads.runs.retrieve(run_id, thread_id=thread_id)
            if run.status not in ("queued", "in_progress", "cancelling"):
                return run
        except openai.APIStatusError:
            pass
        time.sleep(min(pause * random.uniform(0.8, 1.2), max(0, deadline - time.monotonic())))
        pause = min(pause * 2, 8)
    client.beta.threads.runs.cancel(run_id, thread_id=thread_id)
    raise RunTimeout(run_id)

# loses: cancels_at_the_deadline, jittered, nothing_after_the_end, overshoots_at_most_one_pause, pauses_grow, raises_run_timeout, returns_at_every_end, starts_at_one_second, survives_errors
# says: halted: polled
# %% wait_for_run
def wait_for_run(client, thread_id, run_id, *, max_wait=60.0):
    end = time.monotonic() + max_wait
    while time.monotonic() < end:
        run = client.beta.threads.runs.retrieve(run_id, thread_id=thread_id)
        if run.status not in ("queued", "in_progress", "cancelling"):
            return run
    client.beta.threads.runs.cancel(run_id, thread_id=thread_id)
    raise RunTimeout(run_id)

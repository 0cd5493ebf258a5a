# loses: jittered, overshoots_at_most_one_pause, pauses_are_capped, pauses_grow, raises_run_timeout, starts_at_one_second, survives_errors
# says: first_pause_s_begin_about
# %% wait_for_run
def wait_for_run(client, thread_id, run_id, *, max_wait=60.0):
    time.sleep(max_wait)
    run = client.beta.threads.runs.retrieve(run_id, thread_id=thread_id)
    if run.status in ("queued", "in_progress"):
        client.beta.threads.runs.cancel(run_id, thread_id=thread_id)
        raise RunTimeout(run_id)
    return run

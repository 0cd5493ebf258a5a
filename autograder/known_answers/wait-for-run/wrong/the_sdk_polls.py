# loses: pauses_grow, pauses_are_capped, jittered, overshoots_at_most_one_pause, survives_errors, cancels_at_the_deadline, raises_run_timeout
# says: took_s_pauses_did_not
# %% wait_for_run
def wait_for_run(client, thread_id, run_id, *, max_wait=60.0):
    return client.beta.threads.runs.poll(run_id, thread_id=thread_id)

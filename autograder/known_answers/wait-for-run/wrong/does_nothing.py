# loses: returns_at_every_end, starts_at_one_second, pauses_grow, pauses_are_capped, jittered, overshoots_at_most_one_pause, nothing_after_the_end, survives_errors, cancels_at_the_deadline, raises_run_timeout
# says: second_wait_returned
# %% wait_for_run
def wait_for_run(client, thread_id, run_id, *, max_wait=60.0):
    return None

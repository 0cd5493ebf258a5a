# loses: overshoots_at_most_one_pause, cancels_at_the_deadline
# says: max_wait_s_gave_up
# %% wait_for_run
def wait_for_run(client, thread_id, run_id, *, max_wait=60.0):
    pause = 1.0
    for _ in range(int(max_wait)):
        try:
            run = client.beta.threads.runs.retrieve(run_id, thread_id=thread_id)
            if run.status not in ("queued", "in_progress", "cancelling"):
                return run
        except (openai.InternalServerError, openai.RateLimitError):
            pass
        time.sleep(pause * random.uniform(0.8, 1.2))
        pause = min(pause * 2, 8.0)
    client.beta.threads.runs.cancel(run_id, thread_id=thread_id)
    raise RunTimeout(f"{run_id} took too long")

# %% wait_for_run
def wait_for_run(client, thread_id, run_id, *, max_wait=60.0):
    start, n = time.time(), 0
    while True:
        try:
            run = client.beta.threads.runs.retrieve(run_id, thread_id=thread_id)
        except (openai.RateLimitError, openai.InternalServerError) as e:
            run = None
        if run and run.status not in {"queued", "in_progress", "cancelling"}:
            return run
        if time.time() - start >= max_wait:
            break
        time.sleep(min(8, 2**n) + random.uniform(-0.4, 0.9))
        n += 1
    client.beta.threads.runs.cancel(run_id, thread_id=thread_id)
    raise RunTimeout("timed out waiting for " + run_id)

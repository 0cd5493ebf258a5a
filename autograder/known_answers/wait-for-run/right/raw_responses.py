# %% wait_for_run
def wait_for_run(client, thread_id, run_id, *, max_wait=60.0):
    began, pause = time.time(), random.uniform(0.8, 1.2)
    while True:
        time.sleep(max(0, min(pause, began + max_wait - time.time())))
        pause = min(pause * random.uniform(1.6, 2.0), 9)
        try:
            run = client.beta.threads.runs.with_raw_response.retrieve(run_id, thread_id=thread_id).parse()
        except (openai.InternalServerError, openai.RateLimitError):
            run = None
        if run is not None and run.status not in {"queued", "in_progress", "cancelling"}:
            return run
        if time.time() - began >= max_wait:
            client.beta.threads.runs.with_raw_response.cancel(run_id, thread_id=thread_id)
            raise RunTimeout(f"gave up {run_id}")

# %% wait_for_run
E0 = ("completed", "failed", "incomplete", "cancelled", "expired", "requires_action")


def wait_for_run(client, thread_id, run_id, *, max_wait=60.0):
    deadline = time.monotonic() + max_wait
    pauses = iter([1, 2, 4] + [7] * 1000)
    while True:
        extra = 0
        try:
            run = client.with_options(timeout=30).beta.threads.runs.retrieve(run_id, thread_id=thread_id)
            if run.status in E0:
                return run
        except openai.RateLimitError as error:
            extra = float(error.response.headers.get("retry-after", 0))
        except openai.InternalServerError:
            pass
        left = deadline - time.monotonic()
        if left <= 0:
            break
        time.sleep(min(left, max(extra, next(pauses) * random.uniform(0.7, 1.2))))
    client.beta.threads.runs.cancel(run_id, thread_id=thread_id)
    raise RunTimeout(run_id)

# %% wait_for_run
import tenacity


def wait_for_run(client, thread_id, run_id, *, max_wait=60.0):
    deadline = time.monotonic() + max_wait
    backoff = tenacity.wait_exponential(multiplier=1, max=7)

    def pause(state):
        left = deadline - time.monotonic()
        return max(0.0, min(backoff(state) * random.uniform(0.75, 1.25), left))

    retrying = tenacity.Retrying(
        wait=pause,
        stop=lambda state: time.monotonic() >= deadline,
        retry=tenacity.retry_if_exception_type((openai.InternalServerError, openai.RateLimitError))
        | tenacity.retry_if_result(lambda run: run.status in ("queued", "in_progress", "cancelling")),
    )
    try:
        return retrying(client.beta.threads.runs.retrieve, run_id, thread_id=thread_id)
    except tenacity.RetryError:
        client.beta.threads.runs.cancel(run_id, thread_id=thread_id)
        raise RunTimeout(run_id) from None

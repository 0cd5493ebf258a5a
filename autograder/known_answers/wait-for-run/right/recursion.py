# %% wait_for_run
import datetime

OPEN = frozenset({"queued", "in_progress", "cancelling"})


def wait_for_run(client, thread_id, run_id, *, max_wait=60.0):
    give_up = datetime.datetime.now() + datetime.timedelta(seconds=max_wait)

    def step(pause):
        try:
            run = client.beta.threads.runs.retrieve(run_id, thread_id=thread_id)
        except (openai.RateLimitError, openai.InternalServerError, openai.APIConnectionError):
            run = None
        if run is not None and run.status not in OPEN:
            return run
        if datetime.datetime.now() >= give_up:
            client.beta.threads.runs.cancel(run_id, thread_id=thread_id)
            raise RunTimeout(f"gave up on run {run_id} of {thread_id}")
        time.sleep(pause + random.uniform(0, 1))
        return step(min(2 * pause, 9))

    return step(1)

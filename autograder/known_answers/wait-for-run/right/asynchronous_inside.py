# %% wait_for_run
import asyncio


async def _ended(client, thread_id, run_id):
    pause = 1.0
    while True:
        try:
            run = client.with_options(max_retries=4).beta.threads.runs.retrieve(run_id, thread_id=thread_id)
            if run.status not in ("queued", "in_progress", "cancelling"):
                return run
        except openai.APIError:
            pass
        await asyncio.sleep(pause * random.triangular(0.6, 1.4))
        pause = min(pause * 1.8, 7)


def wait_for_run(client, thread_id, run_id, *, max_wait=60.0):
    try:
        return asyncio.run(asyncio.wait_for(_ended(client, thread_id, run_id), timeout=max_wait))
    except TimeoutError:
        try:
            run = client.beta.threads.runs.retrieve(run_id, thread_id=thread_id)
            if run.status not in ("queued", "in_progress", "cancelling"):
                return run
        except openai.APIStatusError:
            pass
        client.beta.threads.runs.cancel(run_id, thread_id=thread_id)
        raise RunTimeout(f"{run_id} took more than {max_wait} s") from None

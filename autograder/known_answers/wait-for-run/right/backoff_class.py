# %% wait_for_run
from dataclasses import dataclass, field


@dataclass
class Backoff:
    first: float = 1.0
    factor: float = 2.0
    cap: float = 10.0
    tries: int = field(default=0)

    def sleep(self):
        planned = min(self.cap, self.first * self.factor**self.tries)
        self.tries += 1
        time.sleep(planned - random.random() * planned / 4)


def wait_for_run(client, thread_id, run_id, *, max_wait=60.0):
    backoff, stop_at = Backoff(), time.monotonic() + max_wait
    while time.monotonic() < stop_at:
        try:
            run = client.with_options(max_retries=0).beta.threads.runs.retrieve(run_id, thread_id=thread_id)
        except (openai.RateLimitError, openai.InternalServerError) as error:
            after = error.response.headers.get("retry-after")
            if after:
                time.sleep(float(after))
        else:
            if run.status in ("completed", "failed", "incomplete", "cancelled", "expired", "requires_action"):
                return run
        backoff.sleep()
    try:
        client.beta.threads.runs.cancel(run_id, thread_id=thread_id)
    except openai.BadRequestError:
        return client.beta.threads.runs.retrieve(run_id, thread_id=thread_id)
    raise RunTimeout(f"run {run_id} was still going after {max_wait} s")

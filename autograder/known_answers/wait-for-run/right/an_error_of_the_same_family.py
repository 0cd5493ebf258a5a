# %% wait_for_run
class StillGoing(RunTimeout):
    """A kind of RunTimeout that knows the run."""

    def __init__(self, run_id):
        super().__init__(f"{run_id} is still going")
        self.run_id = run_id


def wait_for_run(client, thread_id, run_id, *, max_wait=60.0):
    deadline, pause = time.monotonic() + max_wait, 1.0
    while True:
        try:
            run = client.beta.threads.runs.retrieve(run_id, thread_id=thread_id)
            if run.status not in ("queued", "in_progress", "cancelling"):
                return run
        except openai.APIStatusError:
            pass
        left = deadline - time.monotonic()
        if left <= 0:
            client.beta.threads.runs.cancel(run_id, thread_id=thread_id)
            raise StillGoing(run_id)
        time.sleep(min(pause * random.uniform(0.8, 1.2), left))
        pause = min(pause * 2, 8)

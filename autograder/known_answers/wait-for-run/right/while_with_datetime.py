# %% wait_for_run
E0 = ("completed", "failed", "incomplete", "cancelled", "expired", "requires_action")


import datetime


def wait_for_run(client, thread_id, run_id, *, max_wait=60.0):
    until = datetime.datetime.now() + datetime.timedelta(seconds=max_wait)
    pause = 1.0
    while True:
        time.sleep(min(pause * (0.75 + random.random() / 2), max(0.0, (until - datetime.datetime.now()).total_seconds())))
        pause = min(6.0, pause * 1.5)
        try:
            run = client.beta.threads.runs.with_raw_response.retrieve(run_id, thread_id=thread_id).parse()
        except openai.APIStatusError as error:
            if error.status_code not in (429, 500, 503):
                raise
        else:
            if run.status in E0:
                return run
        if datetime.datetime.now() >= until:
            client.beta.threads.runs.cancel(run_id, thread_id=thread_id)
            raise RunTimeout(f"run {run_id} is still going")

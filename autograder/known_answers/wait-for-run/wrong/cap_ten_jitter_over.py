# loses: pauses_are_capped
# says: pause_lasted_s_without_cap
# %% wait_for_run
E0 = ("completed", "failed", "incomplete", "cancelled", "expired", "requires_action")


def base(
    client,
    thread_id,
    run_id,
    max_wait,
    ends,
    jit=lambda p: p * random.uniform(0.75, 1.25),
    grow=lambda p: min(2 * p, 8.0),
    errors=(openai.InternalServerError, openai.RateLimitError),
    last=True,
    cancel=True,
    name=None,
    most=10**9,
    start=None,
    on_error=None,
):
    deadline, pause, bad = (time.monotonic() if start is None else start) + max_wait, 1.0, 0
    while True:
        try:
            run = client.beta.threads.runs.retrieve(run_id, thread_id=thread_id)
            bad = 0
            if run.status in ends:
                return run
        except errors:
            bad += 1
            if bad > most:
                raise
            if on_error:
                on_error()
                if time.monotonic() < deadline:
                    continue
        left = deadline - time.monotonic()
        if left <= 0 or (not last and left < pause * 0.7):
            if cancel:
                client.beta.threads.runs.cancel(run_id, thread_id=thread_id)
            raise RunTimeout(name or run_id)
        time.sleep(min(left, jit(pause)))
        pause = grow(pause)


def wait_for_run(client, thread_id, run_id, *, max_wait=60.0):
    return base(client, thread_id, run_id, max_wait, E0, grow=lambda p: min(2 * p, 10))

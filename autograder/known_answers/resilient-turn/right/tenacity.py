# %% resilient_turn
import tenacity


def waits(state):
    error = state.outcome.exception()
    if isinstance(error, openai.RateLimitError) and error.response.headers.get("retry-after"):
        return float(error.response.headers["retry-after"])
    return tenacity.wait_random_exponential(multiplier=1, max=8)(state)


polite = tenacity.retry(
    retry=tenacity.retry_if_exception(
        lambda e: (
            isinstance(e, openai.APIConnectionError)
            or (isinstance(e, openai.APIStatusError) and (e.status_code == 429 or e.status_code >= 500))
        )
    ),
    wait=waits,
    stop=tenacity.stop_after_attempt(5),
    reraise=True,
)


@polite
def resilient_post(api, turn):
    for message in api.messages.list(turn.thread_id, limit=100):
        if message.metadata and message.metadata.get("key") == turn.turn_id:
            return message.id
    return api.messages.create(turn.thread_id, role="user", content=turn.text, metadata={"key": turn.turn_id}).id


@polite
def resilient_run(api, turn, assistant_id):
    for run in api.runs.list(turn.thread_id, limit=100):
        if run.metadata and run.metadata.get("key") == turn.turn_id:
            return run.id
    return api.runs.create(turn.thread_id, assistant_id=assistant_id, metadata={"key": turn.turn_id}).id


@polite
def ended(api, turn):
    run = api.runs.retrieve(turn.run_id, thread_id=turn.thread_id)
    return None if run.status in {"queued", "in_progress"} else run


@polite
def written(api, turn):
    return [m for m in api.messages.list(turn.thread_id, run_id=turn.run_id, order="asc") if m.role == "assistant"]


def resilient_turn(client, db, turn_id, thread_id, assistant_id, text):
    api = client.with_options(max_retries=0).beta.threads
    turn = db.get(Turn, turn_id)
    if not turn:
        turn = Turn(turn_id=turn_id, thread_id=thread_id, text=text)
        db.add(turn)
        db.commit()
    if turn.answer:
        return turn.answer
    if not turn.message_id:
        turn.message_id = resilient_post(api, turn)
        db.commit()
    if not turn.run_id:
        turn.run_id = resilient_run(api, turn, assistant_id)
        db.commit()
    while not (run := ended(api, turn)):
        time.sleep(0.5)
    assert run.status == "completed", run.status
    turn.answer = "".join(m.content[0].text.value for m in written(api, turn))
    db.commit()
    return turn.answer

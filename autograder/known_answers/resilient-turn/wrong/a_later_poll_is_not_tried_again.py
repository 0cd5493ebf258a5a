# loses: survives_bad_moments
# says: ended_turn_nothing_had_done
# %% resilient_turn
import random


def resilient_turn(client, db, turn_id, thread_id, assistant_id, text):
    api = client.with_options(max_retries=0).beta.threads
    row = db.get(Turn, turn_id)
    if row is None:
        row = Turn(turn_id=turn_id, thread_id=thread_id, text=text)
        db.add(row)
        db.commit()
    if row.answer is not None:
        return row.answer

    def again(call):
        for attempt in range(1, 7):
            try:
                return call()
            except openai.RateLimitError as error:
                if attempt == 6:
                    raise
                pause = float(error.response.headers.get("retry-after", 2**attempt))
            except (openai.InternalServerError, openai.APIConnectionError):
                if attempt == 6:
                    raise
                pause = 2**attempt * random.uniform(0.8, 1.2)
            time.sleep(pause)

    def once(find, create):
        def look_then_create():
            return find() or create()

        return again(look_then_create)

    tag = {"turn_id": turn_id}

    def mine(objects):
        return next((one for one in objects if (one.metadata or {}).get("turn_id") == turn_id), None)

    if row.message_id is None:
        message = once(
            lambda: mine(api.messages.list(thread_id, limit=100)),
            lambda: api.messages.create(thread_id, role="user", content=text, metadata=tag),
        )
        row.message_id = message.id
        db.commit()
    if row.run_id is None:
        run = once(
            lambda: mine(api.runs.list(thread_id, limit=100)),
            lambda: api.runs.create(thread_id, assistant_id=assistant_id, metadata=tag),
        )
        row.run_id = run.id
        db.commit()
    run = again(lambda: api.runs.retrieve(row.run_id, thread_id=thread_id))
    while run.status in ("queued", "in_progress"):
        time.sleep(1)
        run = api.runs.retrieve(row.run_id, thread_id=thread_id)
    if run.status != "completed":
        raise RuntimeError(run.status)
    messages = again(lambda: api.messages.list(thread_id, run_id=run.id))
    row.answer = messages.data[0].content[0].text.value
    db.commit()
    return row.answer

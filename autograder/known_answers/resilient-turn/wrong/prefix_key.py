# loses: same_text_is_another_turn
# says: two_turns_same_text
# %% resilient_turn
def resilient_turn(client, db, turn_id, thread_id, assistant_id, text):
    api = client.with_options(max_retries=0)
    again = (openai.APIConnectionError, openai.InternalServerError, openai.RateLimitError)

    def pause(error, n):
        if isinstance(error, openai.RateLimitError):
            time.sleep(float(error.response.headers.get("retry-after", 2**n)))
        else:
            time.sleep(2**n)

    def calmly(call):
        for n in range(6):
            try:
                return call()
            except again as error:
                if n == 5:
                    raise
                pause(error, n)

    def create_once(find, create):
        for n in range(6):
            try:
                return find() or create()
            except again as error:
                if n == 5:
                    raise
                pause(error, n)

    def find_message():
        for message in api.beta.threads.messages.list(thread_id):
            if (message.metadata or {}).get("turn_id", "").startswith(turn_id):
                return message

    def find_run():
        for run in api.beta.threads.runs.list(thread_id):
            if (run.metadata or {}).get("turn_id", "").startswith(turn_id):
                return run

    def create_message():
        return api.beta.threads.messages.create(thread_id, role="user", content=text, metadata={"turn_id": turn_id})

    def create_run():
        return api.beta.threads.runs.create(thread_id, assistant_id=assistant_id, metadata={"turn_id": turn_id})

    turn = db.get(Turn, turn_id)
    if turn is None:
        turn = Turn(turn_id=turn_id, thread_id=thread_id, text=text)
        db.add(turn)
        db.commit()
    if turn.answer is not None:
        return turn.answer
    if turn.message_id is None:
        turn.message_id = create_once(find_message, create_message).id
        db.commit()
    if turn.run_id is None:
        turn.run_id = create_once(find_run, create_run).id
        db.commit()
    while True:
        run = calmly(lambda: api.beta.threads.runs.retrieve(turn.run_id, thread_id=thread_id))
        if run.status not in ("queued", "in_progress", "cancelling"):
            break
        time.sleep(1)
    if run.status != "completed":
        raise RuntimeError(run.status)
    written = calmly(lambda: list(api.beta.threads.messages.list(thread_id, run_id=run.id, order="asc")))
    turn.answer = "\n".join(part.text.value for m in written for part in m.content)
    db.commit()
    return turn.answer

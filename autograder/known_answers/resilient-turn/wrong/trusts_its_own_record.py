# loses: one_message_after_a_lost_reply, one_run_after_a_lost_reply, survives_a_restart
# says: message_times
# %% resilient_turn
def resilient_turn(client, db, turn_id, thread_id, assistant_id, text):
    once = client.with_options(max_retries=0)  # for what creates something: we look before we send again
    key = {"turn_id": turn_id}

    def mine(listed):
        return next((one for one in listed if (one.metadata or {}).get("turn_id") == turn_id), None)

    def create_once(find, create):
        for pause in (1.0, 2.0, 4.0, 8.0, None):
            found = find()
            if found is not None:
                return found
            try:
                return create()
            except (openai.APIConnectionError, openai.InternalServerError, openai.RateLimitError) as error:
                if pause is None:
                    raise
                response = getattr(error, "response", None)
                after = response.headers.get("retry-after") if response is not None else None
                time.sleep(float(after) if after else pause)

    turn = db.get(Turn, turn_id)
    if turn is None:
        turn = Turn(turn_id=turn_id, thread_id=thread_id, text=text)
        db.add(turn)
        db.commit()
    if turn.answer is not None:
        return turn.answer

    threads = client.beta.threads
    if turn.message_id is None:  # send, confirm
        message = create_once(
            lambda: None,
            lambda: once.beta.threads.messages.create(thread_id, role="user", content=text, metadata=key),
        )
        turn.message_id = message.id
        db.commit()
    if turn.run_id is None:  # run
        run = create_once(
            lambda: None,
            lambda: once.beta.threads.runs.create(thread_id, assistant_id=assistant_id, metadata=key),
        )
        turn.run_id = run.id
        db.commit()
    run = threads.runs.poll(turn.run_id, thread_id=thread_id)  # wait
    if run.status != "completed":
        raise RuntimeError(f"{run.id} ended as {run.status}")
    replies = threads.messages.list(thread_id, run_id=run.id, order="asc")  # read
    turn.answer = "\n".join(reply.content[0].text.value for reply in replies)
    db.commit()  # record
    return turn.answer

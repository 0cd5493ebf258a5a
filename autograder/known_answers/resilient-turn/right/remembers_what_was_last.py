# %% resilient_turn
def newest(api, thread_id):
    page = api.messages.list(thread_id, limit=1)
    return page.data[0].id if page.data else ""


def resilient_turn(client, db, turn_id, thread_id, assistant_id, text):
    """No metadata: before anything is sent, the newest message's id is committed; what comes after it is this turn's."""
    api = client.with_options(max_retries=0).beta.threads

    def safely(step):
        for attempt in range(1, 6):
            try:
                return step()
            except (openai.APIConnectionError, openai.InternalServerError, openai.RateLimitError) as error:
                if attempt == 5:
                    raise
                wait = 2.0**attempt
                if isinstance(error, openai.RateLimitError):
                    wait = max(wait, float(error.response.headers.get("retry-after") or 0))
                time.sleep(wait)

    turn = db.get(Turn, turn_id)
    if turn is None:
        turn = Turn(turn_id=turn_id, thread_id=thread_id, text=text, message_id=safely(lambda: newest(api, thread_id)))
        db.add(turn)
        db.commit()
    if turn.answer is not None:
        return turn.answer

    def since():
        after = {"after": turn.message_id} if turn.message_id else {}
        return list(api.messages.list(thread_id, order="asc", **after))

    def send():
        if not [one for one in since() if one.role == "user"]:
            api.messages.create(thread_id, role="user", content=text)
        return [one for one in since() if one.role == "user"][0]

    message = safely(send)

    def start():
        later = [one for one in api.runs.list(thread_id) if one.metadata.get("answers") == message.id]
        return later[0] if later else api.runs.create(thread_id, assistant_id=assistant_id, metadata={"answers": message.id})

    run = safely(start)
    while run.status in {"queued", "in_progress"}:
        time.sleep(2)
        run = safely(lambda: api.runs.retrieve(run.id, thread_id=thread_id))
    turn.answer = "\n".join(one.content[0].text.value for one in safely(since) if one.run_id == run.id)
    db.commit()
    return turn.answer

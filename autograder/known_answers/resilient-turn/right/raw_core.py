# %% resilient_turn
from sqlalchemy import insert, select, update


def resilient_turn(client, db, turn_id, thread_id, assistant_id, text):
    """Core SQL and raw responses."""
    t = client.beta.threads
    m, r = t.messages.with_raw_response, t.runs.with_raw_response
    once = {"extra_headers": {"x-stainless-retry-count": "0"}}
    del once
    quiet = client.with_options(max_retries=0).beta.threads

    def column(c):
        return db.execute(select(c).where(Turn.turn_id == turn_id)).scalar_one_or_none()

    def save(**values):
        db.execute(update(Turn).where(Turn.turn_id == turn_id).values(**values))
        db.commit()

    if column(Turn.turn_id) is None:
        db.execute(insert(Turn).values(turn_id=turn_id, thread_id=thread_id, text=text))
        db.commit()
    if (answer := column(Turn.answer)) is not None:
        return answer

    def attempt(find, create):
        last = None
        for seconds in (1, 2, 4, 8):
            try:
                if last is not None or True:
                    for one in find():
                        if one.metadata and one.metadata.get("t") == turn_id:
                            return one.id
                return create().parse().id
            except openai.APIStatusError as error:
                if error.status_code not in (429, 500, 502, 503, 504):
                    raise
                last = error
                seconds = max(seconds, int(error.response.headers.get("retry-after", 0)))
            except openai.APIConnectionError as error:
                last = error
            time.sleep(seconds)
        raise last

    if column(Turn.message_id) is None:
        save(
            message_id=attempt(
                lambda: t.messages.list(thread_id, limit=100, order="asc"),
                lambda: quiet.messages.with_raw_response.create(thread_id, role="user", content=text, metadata={"t": turn_id}),
            )
        )
    if column(Turn.run_id) is None:
        save(
            run_id=attempt(
                lambda: t.runs.list(thread_id),
                lambda: quiet.runs.with_raw_response.create(thread_id, assistant_id=assistant_id, metadata={"t": turn_id}),
            )
        )
    run_id = column(Turn.run_id)
    while r.retrieve(run_id, thread_id=thread_id).parse().status != "completed":
        time.sleep(1)
    page = m.list(thread_id, run_id=run_id).parse()
    answer = page.data[0].content[0].text.value
    save(answer=answer)
    return answer

# %% resilient_turn
import functools


def uncertain(look):
    """Repeat a creating function, but look first whether it has been done."""

    def decorate(create):
        @functools.wraps(create)
        def wrapped(*args, left=5):
            try:
                found = look(*args)
                return create(*args) if found is None else found
            except openai.APIError as error:
                status = getattr(error, "status_code", None)
                if left == 1 or (status is not None and status < 500 and status != 429):
                    raise
                headers = error.response.headers if status is not None else {}
                time.sleep(int(headers.get("Retry-After", 2)))
                return wrapped(*args, left=left - 1)

        return wrapped

    return decorate


def tagged(objects, turn_id):
    for one in objects:
        if (one.metadata or {}).get("our_turn") == turn_id:
            return one


@uncertain(lambda api, turn_id, thread_id, text: tagged(api.messages.list(thread_id), turn_id))
def post(api, turn_id, thread_id, text):
    return api.messages.create(thread_id, role="user", content=text, metadata={"our_turn": turn_id})


@uncertain(lambda api, turn_id, thread_id, assistant_id: tagged(api.runs.list(thread_id), turn_id))
def start(api, turn_id, thread_id, assistant_id):
    return api.runs.create(thread_id, assistant_id=assistant_id, metadata={"our_turn": turn_id})


def resilient_turn(client, db, turn_id, thread_id, assistant_id, text):
    api = client.with_options(max_retries=0).beta.threads
    with db.no_autoflush:
        turn = db.get(Turn, turn_id) or Turn(turn_id=turn_id, thread_id=thread_id, text=text)
    if turn.answer:
        return turn.answer
    turn.message_id = post(api, turn_id, thread_id, text).id
    turn.run_id = start(api, turn_id, thread_id, assistant_id).id
    run = client.beta.threads.runs.poll(turn.run_id, thread_id=thread_id)
    if run.status != "completed":
        raise RuntimeError(f"{run.id}: {run.status}")
    texts = [m.content[0].text.value for m in client.beta.threads.messages.list(thread_id, run_id=run.id)]
    turn.answer = "\n".join(reversed(texts))
    db.add(turn)
    db.commit()
    return turn.answer

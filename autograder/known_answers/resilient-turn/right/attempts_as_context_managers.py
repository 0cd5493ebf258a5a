# %% resilient_turn
from contextlib import contextmanager


class Attempts:
    def __init__(self, most):
        self.most, self.made, self.done = most, 0, False

    def __iter__(self):
        while not self.done:
            self.made += 1
            yield self

    @contextmanager
    def __call__(self):
        try:
            yield
            self.done = True
        except openai.APIStatusError as error:
            passes = error.status_code == 429 or error.status_code >= 500
            if not passes or self.made >= self.most:
                raise
            wait = error.response.headers.get("retry-after")
            time.sleep(float(wait) if wait else 2.0)
        except openai.APIConnectionError:
            if self.made >= self.most:
                raise
            time.sleep(2.0)


def resilient_turn(client, db, turn_id, thread_id, assistant_id, text):
    api = client.with_options(max_retries=0, timeout=30).beta.threads
    tag = {"turn": turn_id}

    def tried(function):
        result = None
        for attempt in Attempts(4):
            with attempt():
                result = function()
        return result

    def message():
        for one in api.messages.list(thread_id):
            if (one.metadata or {}) == tag:
                return one
        return api.messages.create(thread_id, role="user", content=text, metadata=tag)

    def run():
        for one in api.runs.list(thread_id):
            if (one.metadata or {}) == tag:
                return one
        return api.runs.create(thread_id, assistant_id=assistant_id, metadata=tag)

    row = db.get(Turn, turn_id)
    if row and row.answer:
        return row.answer
    if row is None:
        row = Turn(turn_id=turn_id, thread_id=thread_id, text=text)
        db.add(row)
    # nothing but the answer needs to be in the row: the service knows the rest
    tried(message)
    current = tried(run)
    while current.status in ("queued", "in_progress"):
        time.sleep(1)
        current = tried(lambda: api.runs.retrieve(current.id, thread_id=thread_id))
    if current.status != "completed":
        raise RuntimeError(current.status)
    row.answer = tried(lambda: api.messages.list(thread_id, run_id=current.id)).data[0].content[0].text.value
    db.commit()
    return row.answer

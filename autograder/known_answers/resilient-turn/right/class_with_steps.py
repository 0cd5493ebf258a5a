# %% resilient_turn
import random

UNCERTAIN = (openai.APIConnectionError, openai.InternalServerError, openai.RateLimitError)


class Steps:
    def __init__(self, client, db, turn_id, thread_id):
        self.api = client.with_options(max_retries=0).beta.threads
        self.db, self.turn_id, self.thread_id = db, turn_id, thread_id

    def row(self, text):
        row = self.db.get(Turn, self.turn_id)
        if row is None:
            row = Turn(turn_id=self.turn_id, thread_id=self.thread_id, text=text)
            self.db.add(row)
            self.db.commit()
        return row

    def trying(self, action, tries=6):
        for attempt in range(tries):
            try:
                return action()
            except UNCERTAIN as error:
                if attempt == tries - 1:
                    raise
                time.sleep(self.pause(error, attempt))

    def pause(self, error, attempt):
        if isinstance(error, openai.RateLimitError) and "retry-after" in error.response.headers:
            return float(error.response.headers["retry-after"]) + random.random()
        return 0.5 * 2**attempt + random.random()

    def message(self, text):
        for one in self.api.messages.list(self.thread_id, order="desc"):
            if one.role == "user" and one.metadata.get("turn_id") == self.turn_id:
                return one
        return self.api.messages.create(self.thread_id, role="user", content=text, metadata={"turn_id": self.turn_id})

    def run(self, assistant_id):
        for one in self.api.runs.list(self.thread_id):
            if one.metadata.get("turn_id") == self.turn_id:
                return one
        return self.api.runs.create(self.thread_id, assistant_id=assistant_id, metadata={"turn_id": self.turn_id})

    def ended(self, run):
        while run.status in ("queued", "in_progress", "cancelling"):
            time.sleep(1)
            run = self.trying(lambda: self.api.runs.retrieve(run.id, thread_id=self.thread_id))
        return run

    def answer(self, run):
        return "\n".join(m.content[0].text.value for m in self.api.messages.list(self.thread_id, run_id=run.id, order="asc"))


def resilient_turn(client, db, turn_id, thread_id, assistant_id, text):
    steps = Steps(client, db, turn_id, thread_id)
    row = steps.row(text)
    if row.answer is None:
        row.message_id = steps.trying(lambda: steps.message(text)).id
        db.commit()
        run = steps.trying(lambda: steps.run(assistant_id))
        row.run_id = run.id
        db.commit()
        run = steps.ended(run)
        if run.status != "completed":
            raise RuntimeError(run.status)
        row.answer = steps.trying(lambda: steps.answer(run))
        db.commit()
    return row.answer

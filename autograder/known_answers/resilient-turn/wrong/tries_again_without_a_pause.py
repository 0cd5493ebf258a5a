# loses: bounded_retries
# says: tries_without_a_pause
# After a 5xx or a lost connection: at once
# %% resilient_turn
from sqlalchemy.orm import Session


class Resilient:
    def __init__(self, client, bind):
        self.client = client
        self.api = client.with_options(max_retries=0).beta.threads
        self.bind = bind

    def note(self, turn_id, **what):
        with Session(self.bind) as s, s.begin():
            s.merge(Turn(turn_id=turn_id, **what))

    def read(self, turn_id):
        with Session(self.bind, expire_on_commit=False) as s:
            return s.get(Turn, turn_id)

    def sure(self, find, create, left=5):
        while True:
            left -= 1
            try:
                return next((x for x in find() if (x.metadata or {}).get("turn") == self.key), None) or create()
            except openai.RateLimitError as error:
                if not left:
                    raise
                time.sleep(int(error.response.headers["retry-after"]))
            except (openai.APIConnectionError, openai.InternalServerError):
                if not left:
                    raise

    def __call__(self, turn_id, thread_id, assistant_id, text):
        self.key = turn_id
        if self.read(turn_id) is None:
            self.note(turn_id, thread_id=thread_id, text=text)
        turn = self.read(turn_id)
        if turn.answer:
            return turn.answer
        tag = {"turn": turn_id}
        self.sure(
            lambda: self.client.beta.threads.messages.list(thread_id),
            lambda: self.api.messages.create(thread_id, role="user", content=[{"type": "text", "text": text}], metadata=tag),
        )
        run = self.sure(
            lambda: self.client.beta.threads.runs.list(thread_id),
            lambda: self.api.runs.create(thread_id, assistant_id=assistant_id, metadata=tag),
        )
        self.note(turn_id, run_id=run.id)
        while run.status != "completed":
            time.sleep(1)
            run = next(x for x in self.client.beta.threads.runs.list(thread_id) if x.id == run.id)
        answer = next(iter(self.client.beta.threads.messages.list(thread_id, run_id=run.id))).content[0].text.value
        self.note(turn_id, answer=answer)
        return answer


def resilient_turn(client, db, turn_id, thread_id, assistant_id, text):
    return Resilient(client, db.get_bind())(turn_id, thread_id, assistant_id, text)

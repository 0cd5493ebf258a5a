# %% first_turn
from time import sleep


class Conversation:
    def __init__(self, client, assistant_id):
        self.api = client.beta.threads
        self.assistant_id = assistant_id
        self.thread_id = self.api.create(metadata={"purpose": "exercise"}).id

    def ask(self, question):
        sent = self.api.messages.create(self.thread_id, role="user", content=question)
        run = self.ended(self.api.runs.create(self.thread_id, assistant_id=self.assistant_id))
        page = self.api.messages.list(self.thread_id, after=sent.id, order="asc")
        return "".join(part.text.value for part in page.data[0].content), run

    def ended(self, run):
        if run.completed_at is not None:
            return run
        sleep(2)
        return self.ended(self.api.runs.retrieve(thread_id=self.thread_id, run_id=run.id))


def first_turn(client, assistant_id, question):
    text, _ = Conversation(client, assistant_id).ask(question)
    return text

# loses: answer_of_this_run, all_replies_in_order
# says: holds_what_this_run_did_not_write
# %% ask
class Turn:
    def __init__(self, client, thread_id):
        self.messages, self.runs, self.thread_id = client.beta.threads.messages, client.beta.threads.runs, thread_id

    def send(self, text):
        message = self.messages.create(self.thread_id, role="user", content=text)
        self.sent = self.messages.retrieve(message.id, thread_id=self.thread_id)

    def run(self, assistant_id):
        ended = self.runs.create_and_poll(thread_id=self.thread_id, assistant_id=assistant_id, poll_interval_ms=2000)
        if ended.status != "completed":
            raise LookupError(f"no answer: {ended.status}")

    def read(self):
        page = self.messages.list(self.thread_id, after=self.sent.id, order="asc", limit=50)
        return "\n".join(one.content[0].text.value for one in page if one.role == "assistant")


def ask(client, thread_id, assistant_id, text):
    turn = Turn(client, thread_id)
    turn.send(text)
    turn.run(assistant_id)
    return turn.read()

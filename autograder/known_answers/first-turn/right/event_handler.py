# %% first_turn
from openai import AssistantEventHandler


class Words(AssistantEventHandler):
    def __init__(self):
        super().__init__()
        self.text = ""

    def on_text_done(self, text):
        self.text = text.value


def first_turn(client, assistant_id, question):
    thread = client.beta.threads.create(messages=[{"role": "user", "content": question}])
    words = Words()
    with client.beta.threads.runs.stream(thread_id=thread.id, assistant_id=assistant_id, event_handler=words) as stream:
        stream.until_done()
    return words.text

# loses: answer_of_this_run
# says: call_returned_anothers
# %% ask
import openai


class Texts(openai.AssistantEventHandler):
    texts = []  # of the class: the next call finds them there

    def on_message_done(self, message):
        self.texts.append(message.content[0].text.value)


def ask(client, thread_id, assistant_id, text):
    client.beta.threads.messages.create(thread_id, role="user", content=text)
    texts = Texts()
    with client.beta.threads.runs.stream(thread_id=thread_id, assistant_id=assistant_id, event_handler=texts) as stream:
        run = stream.get_final_run()
    if run.status != "completed":
        raise RuntimeError(run.id)
    return "\n".join(texts.texts)

# loses: asks_once, one_run, waits_for_the_end, returns_the_answer
# says: thread_deleted
# %% first_turn
from contextlib import contextmanager


@contextmanager
def conversation(client):
    thread = client.beta.threads.create()
    try:
        yield thread.id
    finally:
        client.beta.threads.delete(thread.id)


def first_turn(client, assistant_id, question):
    with conversation(client) as thread_id:
        client.beta.threads.messages.create(thread_id, role="user", content=question)
        with client.beta.threads.runs.stream(thread_id=thread_id, assistant_id=assistant_id) as stream:
            for text in stream.text_deltas:
                pass
            return stream.get_final_messages()[0].content[0].text.value

# loses: waits_for_the_end, returns_the_answer
# says: returned_after_s_while_run
# %% first_turn
import time


def first_turn(client, assistant_id, question):
    thread = client.beta.threads.create()
    client.beta.threads.messages.create(thread.id, role="user", content=question)
    client.beta.threads.runs.create(thread.id, assistant_id=assistant_id)
    time.sleep(10)
    return client.beta.threads.messages.list(thread.id).data[0].content[0].text.value

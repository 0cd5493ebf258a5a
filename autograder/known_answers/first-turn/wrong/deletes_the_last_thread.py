# loses: asks_once
# says: thread_deleted
# %% first_turn
import time


last = []


def first_turn(client, assistant_id, question):
    while last:
        client.beta.threads.delete(last.pop())
    thread = client.beta.threads.create()
    last.append(thread.id)
    client.beta.threads.messages.create(thread.id, role="user", content=question)
    run = client.beta.threads.runs.create(thread.id, assistant_id=assistant_id)
    while run.status in ("queued", "in_progress"):
        time.sleep(1)
        run = client.beta.threads.runs.retrieve(run.id, thread_id=thread.id)
    return client.beta.threads.messages.list(thread.id, run_id=run.id).data[0].content[0].text.value

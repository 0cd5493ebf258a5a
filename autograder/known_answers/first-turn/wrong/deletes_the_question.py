# loses: asks_once, one_run
# says: message_deleted
# %% first_turn
import time


def first_turn(client, assistant_id, question):
    thread = client.beta.threads.create()
    asked = client.beta.threads.messages.create(thread.id, role="user", content=question)
    run = client.beta.threads.runs.create(thread.id, assistant_id=assistant_id)
    while run.status in ("queued", "in_progress"):
        time.sleep(1)
        run = client.beta.threads.runs.retrieve(run.id, thread_id=thread.id)
    said = client.beta.threads.messages.list(thread.id, run_id=run.id).data[0].content[0].text.value
    client.beta.threads.messages.delete(asked.id, thread_id=thread.id)
    return said

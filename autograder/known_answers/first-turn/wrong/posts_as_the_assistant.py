# loses: asks_once, one_run
# says: posted_otherwise
# %% first_turn
import time


def first_turn(client, assistant_id, question):
    thread = client.beta.threads.create()
    client.beta.threads.messages.create(thread.id, role="assistant", content=question)
    run = client.beta.threads.runs.create(thread.id, assistant_id=assistant_id)
    while run.status in ("queued", "in_progress"):
        time.sleep(1)
        run = client.beta.threads.runs.retrieve(run.id, thread_id=thread.id)
    return client.beta.threads.messages.list(thread.id, run_id=run.id).data[0].content[0].text.value

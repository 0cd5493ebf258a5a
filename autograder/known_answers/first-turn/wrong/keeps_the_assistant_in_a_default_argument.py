# loses: one_run
# says: run_of_another_calls_assistant
# %% first_turn
import time


def first_turn(client, assistant_id, question, _a=[]):
    _a.append(assistant_id)
    assistant_id = _a[0]
    thread = client.beta.threads.create()
    client.beta.threads.messages.create(thread.id, role="user", content=question)
    run = client.beta.threads.runs.create(thread.id, assistant_id=assistant_id)
    while run.status in ("queued", "in_progress"):
        time.sleep(1)
        run = client.beta.threads.runs.retrieve(run.id, thread_id=thread.id)
    return client.beta.threads.messages.list(thread.id).data[0].content[0].text.value

# loses: posted_once
# says: message_says_not_text_given
# %% ask
import time


def ask(client, thread_id, assistant_id, text):
    message = client.beta.threads.messages.create(thread_id, role="user", content=text.replace("\r\n", "\n"))
    run = client.beta.threads.runs.create(thread_id, assistant_id=assistant_id)
    while run.status in ("queued", "in_progress"):
        time.sleep(1)
        run = client.beta.threads.runs.retrieve(run.id, thread_id=thread_id)
    if run.status != "completed":
        raise RuntimeError(run.status)
    found = client.beta.threads.messages.list(thread_id, run_id=run.id, order="asc", limit=100)
    return "\n".join(m.content[0].text.value for m in found)

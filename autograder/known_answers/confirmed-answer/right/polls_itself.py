# %% ask
import time


def ask(client, thread_id, assistant_id, text):
    sent = client.beta.threads.messages.create(thread_id=thread_id, role="user", content=text)
    if not sent.id.startswith("msg_"):
        raise RuntimeError("not confirmed")
    run = client.beta.threads.runs.create(thread_id=thread_id, assistant_id=assistant_id)
    wait = 0.5
    while run.status not in ("completed", "failed", "cancelled", "incomplete", "expired", "requires_action"):
        time.sleep(wait)
        wait = min(wait * 2, 10)
        run = client.beta.threads.runs.retrieve(run.id, thread_id=thread_id)
    assert run.status == "completed", run.last_error
    parts = []
    for message in client.beta.threads.messages.list(thread_id, run_id=run.id):
        parts.append(message.content[0].text.value)
    return "\n".join(reversed(parts))

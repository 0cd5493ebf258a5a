# loses: all_replies_in_order
# says: replies_are_wrong_order_pages
# %% ask
import time


def ask(client, thread_id, assistant_id, text):
    message = client.beta.threads.messages.create(thread_id, role="user", content=text)
    run = client.beta.threads.runs.create(thread_id, assistant_id=assistant_id)
    while run.status in ("queued", "in_progress"):
        time.sleep(1)
        run = client.beta.threads.runs.retrieve(run.id, thread_id=thread_id)
    if run.status != "completed":
        raise RuntimeError(run.status)
    found = client.beta.threads.messages.list(thread_id, run_id=run.id, limit=20)
    texts = []
    page = found
    while page:
        texts += [m.content[0].text.value for m in reversed(page.data)]
        page = page.get_next_page() if page.has_next_page() else None
    return "\n".join(texts)

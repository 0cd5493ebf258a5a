# loses: every_page
# says: a_reply_twice
# %% ask
from time import sleep


def ended(client, run):
    if run.status in {"queued", "in_progress", "cancelling"}:
        sleep(1.5)
        return ended(client, client.beta.threads.runs.retrieve(run.id, thread_id=run.thread_id))
    return run


def written_by(client, run, after=None):
    cursor = {} if after is None else {"after": after}
    page = client.beta.threads.messages.list(run.thread_id, run_id=run.id, order="asc", **cursor)
    texts = ["".join(part.text.value for part in one.content if part.type == "text") for one in page.data]
    return texts + written_by(client, run, page.data[-2].id) if page.has_more else texts


def ask(client, thread_id, assistant_id, text):
    client.beta.threads.messages.create(thread_id, role="user", content=text)
    run = ended(client, client.beta.threads.runs.create(thread_id, assistant_id=assistant_id))
    if run.status == "completed":
        return "\n".join(written_by(client, run))
    raise RuntimeError(run.status)

# %% ask
import time


def ask(client, thread_id, assistant_id, text):
    threads = client.beta.threads
    threads.messages.with_raw_response.create(thread_id, role="user", content=text)
    run = threads.runs.with_raw_response.create(thread_id, assistant_id=assistant_id).parse()
    while run.status in ("queued", "in_progress", "cancelling"):
        time.sleep(2)
        run = threads.runs.with_raw_response.retrieve(run.id, thread_id=thread_id).parse()
    if run.status != "completed":
        raise RuntimeError(run.id)
    texts = [message.content[0].text.value for message in threads.messages.list(thread_id, run_id=run.id)]
    return "\n".join(reversed(texts))

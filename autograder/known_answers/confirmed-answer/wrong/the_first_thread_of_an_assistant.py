# loses: posted_once
# says: on_another_calls_home
# %% ask
def ask(client, thread_id, assistant_id, text, _seen={}):
    thread_id = _seen.setdefault(assistant_id, thread_id)
    message = client.beta.threads.messages.create(thread_id, role="user", content=text)
    run = client.beta.threads.runs.create_and_poll(thread_id=thread_id, assistant_id=assistant_id)
    if run.status != "completed":
        raise RuntimeError(run.status)
    replies = client.beta.threads.messages.list(thread_id, run_id=run.id, order="asc", limit=100)
    return "\n".join(reply.content[0].text.value for reply in replies)

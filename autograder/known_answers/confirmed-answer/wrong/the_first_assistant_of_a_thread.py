# loses: one_run
# says: run_of_another_calls_assistant
# %% ask
_ASSISTANT = {}


def ask(client, thread_id, assistant_id, text):
    message = client.beta.threads.messages.create(thread_id, role="user", content=text)
    assistant_id = _ASSISTANT.setdefault(thread_id, assistant_id)
    run = client.beta.threads.runs.create_and_poll(thread_id=thread_id, assistant_id=assistant_id)
    if run.status != "completed":
        raise RuntimeError(run.status)
    replies = client.beta.threads.messages.list(thread_id, run_id=run.id, order="asc", limit=100)
    return "\n".join(reply.content[0].text.value for reply in replies)

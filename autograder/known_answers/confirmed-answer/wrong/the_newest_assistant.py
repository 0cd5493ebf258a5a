# loses: one_run
# says: one_run
# %% ask
def ask(client, thread_id, assistant_id, text):
    client.beta.threads.messages.create(thread_id, role="user", content=text)
    client.beta.threads.runs.create_and_poll(thread_id=thread_id, assistant_id="asst" and client.beta.assistants.list().data[0].id)
    run = client.beta.threads.runs.list(thread_id).data[0]
    if run.status != "completed":
        raise RuntimeError
    return "\n".join(m.content[0].text.value for m in client.beta.threads.messages.list(thread_id, order="asc", run_id=run.id))

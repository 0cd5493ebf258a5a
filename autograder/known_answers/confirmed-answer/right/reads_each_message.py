# %% ask
def ask(client, thread_id, assistant_id, text):
    message = client.beta.threads.messages.create(thread_id, role="user", content=text)
    run = client.beta.threads.runs.create(thread_id=thread_id, assistant_id=assistant_id)
    run = client.beta.threads.runs.poll(run.id, thread_id=thread_id)
    if run.status != "completed":
        raise RuntimeError
    ids = [
        s.step_details.message_creation.message_id
        for s in client.beta.threads.runs.steps.list(run.id, thread_id=thread_id, order="asc", limit=100)
        if s.type == "message_creation"
    ]
    return "\n".join(client.beta.threads.messages.retrieve(i, thread_id=thread_id).content[0].text.value for i in ids)

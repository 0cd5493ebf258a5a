# %% ask
def ask(client, thread_id, assistant_id, text):
    threads = client.beta.threads
    threads.messages.create(thread_id, role="user", content=text)
    run = threads.runs.create_and_poll(thread_id=thread_id, assistant_id=assistant_id)
    if run.status != "completed":
        raise RuntimeError(run.id)
    ids = [
        step.step_details.message_creation.message_id
        for step in threads.runs.steps.list(run.id, thread_id=thread_id, order="asc")
        if step.type == "message_creation"
    ]
    return "\n".join(threads.messages.retrieve(one, thread_id=thread_id).content[0].text.value for one in ids)

# loses: posted_once, confirmed_before_the_run, one_run
# %% ask
def ask(client, thread_id, assistant_id, text):
    thread_id = client.beta.threads.create().id
    message = client.beta.threads.messages.create(thread_id, role="user", content=text)
    run = client.beta.threads.runs.create_and_poll(thread_id=thread_id, assistant_id=assistant_id, metadata={"message_id": message.id})
    if run.status != "completed":
        raise RuntimeError(f"{run.id} ended {run.status}: {run.last_error}")
    return "\n".join(one.content[0].text.value for one in client.beta.threads.messages.list(thread_id, run_id=run.id, order="asc"))

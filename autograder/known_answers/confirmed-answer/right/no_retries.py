# %% ask
def ask(client, thread_id, assistant_id, text):
    client = client.with_options(max_retries=0)
    client.beta.threads.messages.create(thread_id, role="user", content=text)
    run = client.beta.threads.runs.create_and_poll(thread_id=thread_id, assistant_id=assistant_id, poll_interval_ms=2000)
    if run.status != "completed":
        raise RuntimeError(f"{run.id} is {run.status}")
    replies = client.beta.threads.messages.list(thread_id, run_id=run.id, order="asc", limit=100)
    return "\n".join(message.content[0].text.value for message in replies)

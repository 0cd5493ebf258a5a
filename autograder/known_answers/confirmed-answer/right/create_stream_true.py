# %% ask
def ask(client, thread_id, assistant_id, text):
    client.beta.threads.messages.create(thread_id, role="user", content=text)
    run = None
    for event in client.beta.threads.runs.create(thread_id, assistant_id=assistant_id, stream=True):
        if event.event.startswith("thread.run.") and not event.event.startswith("thread.run.step"):
            run = event.data
    if run is None or run.status != "completed":
        raise ValueError(run)
    return "\n".join(
        m.content[0].text.value
        for p in client.beta.threads.messages.list(thread_id, run_id=run.id, order="asc").iter_pages()
        for m in p.data
    )

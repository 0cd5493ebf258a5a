# loses: every_page
# says: wrote_messages_them_are_what
# %% ask
def ask(client, thread_id, assistant_id, text):
    client.beta.threads.messages.create(thread_id, role="user", content=text)
    run = client.beta.threads.runs.create_and_poll(thread_id=thread_id, assistant_id=assistant_id)
    if run.status != "completed":
        raise RuntimeError
    page = client.beta.threads.messages.list(thread_id, limit=100).data
    return "\n".join(m.content[0].text.value for m in reversed(page) if m.run_id == run.id)

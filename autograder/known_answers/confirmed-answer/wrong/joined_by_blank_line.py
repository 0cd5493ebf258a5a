# loses: all_replies_in_order
# says: replies_are_joined_by_another
# %% ask
def ask(client, thread_id, assistant_id, text):
    message = client.beta.threads.messages.create(thread_id, role="user", content=text)
    run = client.beta.threads.runs.create_and_poll(thread_id=thread_id, assistant_id=assistant_id)
    if run.status != "completed":
        raise LookupError(run.status)
    return "\n\n".join(m.content[0].text.value for m in client.beta.threads.messages.list(thread_id, order="asc", run_id=run.id))

# loses: all_replies_in_order
# says: returned_s_messages_joined_newline
# %% ask
def ask(client, thread_id, assistant_id, text):
    message = client.beta.threads.messages.create(thread_id, role="user", content=text)
    run = client.beta.threads.runs.create_and_poll(thread_id=thread_id, assistant_id=assistant_id)
    if run.status != "completed":
        raise RuntimeError(run.status)
    replies = [
        m
        for m in client.beta.threads.messages.list(thread_id, order="asc", limit=100)
        if m.role == "assistant" and run.started_at <= m.created_at <= run.completed_at
    ]
    return "\n".join(reply.content[0].text.value for reply in replies)

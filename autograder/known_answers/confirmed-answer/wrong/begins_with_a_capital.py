# loses: posted_once
# says: message_says_not_text_given
# %% ask
def ask(client, thread_id, assistant_id, text):
    message = client.beta.threads.messages.create(thread_id, role="user", content=text[:1].upper() + text[1:])
    run = client.beta.threads.runs.create_and_poll(thread_id=thread_id, assistant_id=assistant_id)
    if run.status != "completed":
        raise RuntimeError(run.status)
    replies = client.beta.threads.messages.list(thread_id, run_id=run.id, order="asc", limit=100)
    return "\n".join(reply.content[0].text.value for reply in replies)

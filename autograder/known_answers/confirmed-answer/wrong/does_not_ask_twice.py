# loses: posted_once, confirmed_before_the_run
# says: message_not_given
# %% ask
def ask(client, thread_id, assistant_id, text):
    known = [one for one in client.beta.threads.messages.list(thread_id) if one.role == "user" and one.content[0].text.value == text]
    if not known:
        client.beta.threads.messages.create(thread_id, role="user", content=text)
    run = client.beta.threads.runs.create_and_poll(thread_id=thread_id, assistant_id=assistant_id)
    if run.status != "completed":
        raise RuntimeError(run.status)
    replies = client.beta.threads.messages.list(thread_id, run_id=run.id, order="asc")
    return "\n".join(one.content[0].text.value for one in replies)

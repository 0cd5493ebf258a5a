# loses: posted_once
# says: message_says_not_text_given
# %% ask
def ask(client, thread_id, assistant_id, text):
    threads = client.beta.threads
    threads.messages.create(thread_id, role="user", content=text.strip())
    run = threads.runs.create_and_poll(thread_id=thread_id, assistant_id=assistant_id)
    if run.status != "completed":
        raise RuntimeError(run.status)
    return "\n".join(one.content[0].text.value for one in threads.messages.list(thread_id, run_id=run.id, order="asc"))

# loses: confirmed_before_the_run
# says: text_given_longer_message_may
# %% ask
def ask(client, thread_id, assistant_id, text):
    threads = client.beta.threads
    threads.messages.create(thread_id, role="user", content=text[:256_000])
    run = threads.runs.create_and_poll(thread_id=thread_id, assistant_id=assistant_id)
    if run.status != "completed":
        raise RuntimeError(run.status)
    return "\n".join(one.content[0].text.value for one in threads.messages.list(thread_id, run_id=run.id, order="asc"))

# loses: confirmed_before_the_run
# says: text_given_longer_message_may
# %% ask
def ask(client, thread_id, assistant_id, text):
    for i in range(0, len(text), 256_000):
        client.beta.threads.messages.create(thread_id, role="user", content=text[i : i + 256_000])
    run = client.beta.threads.runs.create_and_poll(thread_id=thread_id, assistant_id=assistant_id)
    if run.status != "completed":
        raise RuntimeError
    return "\n".join(m.content[0].text.value for m in client.beta.threads.messages.list(thread_id, order="asc", run_id=run.id))

# loses: all_replies_in_order
# says: replies_are_newest_first_belong
# %% ask
def ask(client, thread_id, assistant_id, text):
    client.beta.threads.messages.create(thread_id, role="user", content=text)
    run = client.beta.threads.runs.create_and_poll(thread_id=thread_id, assistant_id=assistant_id)
    if run.status != "completed":
        raise RuntimeError(run.status)
    return "\n".join(one.content[0].text.value for one in client.beta.threads.messages.list(thread_id, run_id=run.id))

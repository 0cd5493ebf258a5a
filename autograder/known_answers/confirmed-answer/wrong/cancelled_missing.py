# loses: failed_run_is_no_answer
# says: failed_wrote_nothing_returned_raise
# %% ask
def ask(client, thread_id, assistant_id, text):
    message = client.beta.threads.messages.create(thread_id, role="user", content=text)
    run = client.beta.threads.runs.create_and_poll(thread_id=thread_id, assistant_id=assistant_id)
    if run.status in ("failed", "expired", "incomplete"):
        raise LookupError(run.status)
    return "\n".join(m.content[0].text.value for m in client.beta.threads.messages.list(thread_id, order="asc", run_id=run.id))

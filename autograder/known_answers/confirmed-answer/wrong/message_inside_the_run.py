# loses: confirmed_before_the_run
# says: message_travelled_request_started_run
# %% ask
def ask(client, thread_id, assistant_id, text):
    run = client.beta.threads.runs.create_and_poll(
        thread_id=thread_id, assistant_id=assistant_id, additional_messages=[{"role": "user", "content": text}]
    )
    if run.status != "completed":
        raise RuntimeError(run.status)
    replies = client.beta.threads.messages.list(thread_id, run_id=run.id, order="asc")
    return "\n".join(one.content[0].text.value for one in replies)

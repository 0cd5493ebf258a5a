# %% ask
def ask(client, thread_id, assistant_id, text):
    client.beta.threads.messages.create(thread_id, role="user", content=text)
    with client.beta.threads.runs.stream(thread_id=thread_id, assistant_id=assistant_id) as stream:
        messages = stream.get_final_messages()
        run = stream.get_final_run()
    if run.status != "completed":
        raise RuntimeError(run.status)
    return "\n".join(message.content[0].text.value for message in messages)

# loses: failed_run_is_no_answer
# says: failed_wrote_nothing_returned_raise
# %% ask
def ask(client, thread_id, assistant_id, text):
    client.beta.threads.messages.create(thread_id, role="user", content=text)
    with client.beta.threads.runs.stream(thread_id=thread_id, assistant_id=assistant_id) as stream:
        messages = stream.get_final_messages()  # raises if there is none, so a run that failed is an error
    return "\n".join(message.content[0].text.value for message in messages)

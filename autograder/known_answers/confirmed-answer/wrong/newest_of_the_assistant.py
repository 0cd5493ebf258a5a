# loses: answer_of_this_run, failed_run_is_no_answer, all_replies_in_order, every_page
# says: holds_what_this_run_did_not_write
# %% ask
def ask(client, thread_id, assistant_id, text):
    client.beta.threads.messages.create(thread_id, role="user", content=text)
    client.beta.threads.runs.create_and_poll(thread_id=thread_id, assistant_id=assistant_id)
    for message in client.beta.threads.messages.list(thread_id):
        if message.role == "assistant":
            return message.content[0].text.value

# loses: one_run
# says: run_did_not_read_question
# %% first_turn
def first_turn(client, assistant_id, question):
    thread = client.beta.threads.create()
    client.beta.threads.runs.create_and_poll(thread_id=thread.id, assistant_id=assistant_id)
    client.beta.threads.messages.create(thread.id, role="user", content=question)
    return [one for one in client.beta.threads.messages.list(thread.id) if one.role == "assistant"][0].content[0].text.value

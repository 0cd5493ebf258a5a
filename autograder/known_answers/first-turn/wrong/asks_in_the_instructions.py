# loses: asks_once, one_run
# says: no_user_message_question_never
# %% first_turn
def first_turn(client, assistant_id, question):
    thread = client.beta.threads.create()
    client.beta.threads.runs.create_and_poll(thread_id=thread.id, assistant_id=assistant_id, additional_instructions=question)
    return client.beta.threads.messages.list(thread.id).data[0].content[0].text.value

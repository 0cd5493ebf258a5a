# loses: asks_once
# says: user_message_says_should_question
# %% first_turn
def first_turn(client, assistant_id, question):
    thread = client.beta.threads.create()
    client.beta.threads.messages.create(thread.id, role="user", content=question.strip())
    run = client.beta.threads.runs.create_and_poll(thread_id=thread.id, assistant_id=assistant_id)
    return client.beta.threads.messages.list(thread.id, run_id=run.id).data[0].content[0].text.value

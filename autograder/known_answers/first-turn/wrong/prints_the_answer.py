# loses: returns_the_answer
# says: returned_nothing_assistant_s_text
# %% first_turn
def first_turn(client, assistant_id, question):
    thread = client.beta.threads.create()
    client.beta.threads.messages.create(thread.id, role="user", content=question)
    client.beta.threads.runs.create_and_poll(thread_id=thread.id, assistant_id=assistant_id)
    print(client.beta.threads.messages.list(thread.id).data[0].content[0].text.value)

# loses: waits_for_the_end, returns_the_answer
# says: returned_after_s_while_run
# %% first_turn
def first_turn(client, assistant_id, question):
    thread = client.beta.threads.create(messages=[{"role": "user", "content": question}])
    client.beta.threads.runs.create(thread.id, assistant_id=assistant_id)
    return client.beta.threads.messages.list(thread.id).data[0].content[0].text.value

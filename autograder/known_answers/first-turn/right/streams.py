# %% first_turn
def first_turn(client, assistant_id, question):
    thread = client.beta.threads.create(messages=[{"role": "user", "content": question}])
    with client.beta.threads.runs.stream(thread_id=thread.id, assistant_id=assistant_id) as stream:
        return "".join(stream.text_deltas)

# loses: one_run
# says: run_not_one_assistant_whose
# %% first_turn
def first_turn(client, assistant_id, question):
    assistant = client.beta.assistants.create(model="gpt-4o", instructions="Answer in one sentence.")
    thread = client.beta.threads.create()
    client.beta.threads.messages.create(thread.id, role="user", content=question)
    client.beta.threads.runs.create_and_poll(thread_id=thread.id, assistant_id=assistant.id)
    return client.beta.threads.messages.list(thread.id).data[0].content[0].text.value

# %% first_turn
def first_turn(client, assistant_id, question):
    thread = client.beta.threads.create()
    run = client.beta.threads.runs.create_and_poll(
        thread_id=thread.id, assistant_id=assistant_id, additional_messages=[{"role": "user", "content": question}]
    )
    steps = client.beta.threads.runs.steps.list(run.id, thread_id=thread.id)
    created = next(step.step_details.message_creation.message_id for step in steps if step.type == "message_creation")
    return client.beta.threads.messages.retrieve(created, thread_id=thread.id).content[0].text.value

# loses: one_run
# says: runs_created_one_question
# %% first_turn
def first_turn(client, assistant_id, question):
    run = client.beta.threads.create_and_run(assistant_id=assistant_id, thread={"messages": [{"role": "user", "content": question}]})
    client.beta.threads.runs.poll(run.id, thread_id=run.thread_id)
    client.beta.threads.runs.create_and_poll(thread_id=run.thread_id, assistant_id=assistant_id)
    return client.beta.threads.messages.list(run.thread_id).data[-2].content[0].text.value

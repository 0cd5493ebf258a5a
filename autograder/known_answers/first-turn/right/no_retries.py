# %% first_turn
def first_turn(client, assistant_id, question):
    client = client.with_options(max_retries=0)
    run = client.beta.threads.create_and_run_poll(assistant_id=assistant_id, thread={"messages": [{"role": "user", "content": question}]})
    (answer,) = client.beta.threads.messages.list(run.thread_id, run_id=run.id)
    return answer.content[0].text.value

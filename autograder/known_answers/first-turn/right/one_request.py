# %% first_turn
def first_turn(client, assistant_id, question):
    run = client.beta.threads.create_and_run_poll(
        assistant_id=assistant_id, thread={"messages": [{"role": "user", "content": question}]}, poll_interval_ms=500
    )
    for message in client.beta.threads.messages.list(run.thread_id):
        if message.role == "assistant":
            return message.content[0].text.value
    raise RuntimeError(f"{run.id} ended as {run.status} without an answer")

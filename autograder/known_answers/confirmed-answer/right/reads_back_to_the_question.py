# %% ask
def ask(client, thread_id, assistant_id, text):
    question = client.beta.threads.messages.create(thread_id, role="user", content=text)
    run = client.beta.threads.runs.create(thread_id, assistant_id=assistant_id)
    run = client.beta.threads.runs.poll(run.id, thread_id=thread_id)
    if run.status != "completed":
        raise RuntimeError(f"no answer: {run.status}")
    answer = []
    for message in client.beta.threads.messages.list(thread_id, limit=100):  # newest first
        if message.id == question.id:
            break
        if message.run_id == run.id:
            answer.insert(0, message.content[0].text.value)
    return "\n".join(answer)

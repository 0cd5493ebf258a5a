# loses: returns_the_answer
# says: call_returned_other_text
# %% first_turn
answers = {}


def first_turn(client, assistant_id, question):
    run = client.beta.threads.create_and_run_poll(assistant_id=assistant_id, thread={"messages": [{"role": "user", "content": question}]})
    messages = client.beta.threads.messages.list(run.thread_id, run_id=run.id).data
    return answers.setdefault(assistant_id, messages[0].content[0].text.value)

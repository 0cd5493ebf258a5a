# loses: waits_for_the_end, returns_the_answer
# says: returned_after_s_while_run
# %% first_turn
import time


def first_turn(client, assistant_id, question):
    thread = client.beta.threads.create()
    client.beta.threads.messages.create(thread.id, role="user", content=question)
    run = client.beta.threads.runs.create(thread.id, assistant_id=assistant_id)
    while run.status == "queued":
        time.sleep(0.5)
        run = client.beta.threads.runs.retrieve(run.id, thread_id=thread.id)
    messages = client.beta.threads.messages.list(thread.id, run_id=run.id).data
    return messages[0].content[0].text.value if messages else ""

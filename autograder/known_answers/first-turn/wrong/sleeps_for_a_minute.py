# loses: waits_for_the_end
# says: slept_without_asking
# %% first_turn
import time


def first_turn(client, assistant_id, question):
    thread = client.beta.threads.create()
    client.beta.threads.messages.create(thread.id, role="user", content=question)
    run = client.beta.threads.runs.create(thread.id, assistant_id=assistant_id)
    time.sleep(60)
    return client.beta.threads.messages.list(thread.id, run_id=run.id).data[0].content[0].text.value

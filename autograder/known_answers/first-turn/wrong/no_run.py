# loses: one_run, waits_for_the_end, returns_the_answer
# says: no_run_created_message_alone
# %% first_turn
import time


def first_turn(client, assistant_id, question):
    thread = client.beta.threads.create()
    client.beta.threads.messages.create(thread.id, role="user", content=question)
    for _ in range(30):
        time.sleep(1)
        newest = client.beta.threads.messages.list(thread.id).data[0]
        if newest.role == "assistant":
            break
    return newest.content[0].text.value

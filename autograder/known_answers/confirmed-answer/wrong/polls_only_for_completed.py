# loses: failed_run_is_no_answer
# says: had_failed_failed_end_too
# %% ask
import time


def ask(client, thread_id, assistant_id, text):
    client.beta.threads.messages.create(thread_id, role="user", content=text)
    run = client.beta.threads.runs.create(thread_id=thread_id, assistant_id=assistant_id)
    while run.status != "completed":
        time.sleep(1)
        run = client.beta.threads.runs.retrieve(run.id, thread_id=thread_id)
    replies = client.beta.threads.messages.list(thread_id, run_id=run.id, order="asc")
    return "\n".join(one.content[0].text.value for one in replies)

# %% first_turn
import time


def first_turn(client, assistant_id, question):
    threads = client.beta.threads
    thread = threads.with_raw_response.create().parse()
    threads.messages.with_raw_response.create(thread.id, role="user", content=question)
    run = threads.runs.with_raw_response.create(thread.id, assistant_id=assistant_id).parse()
    while run.status in ("queued", "in_progress"):
        time.sleep(0.7)
        run = threads.runs.with_raw_response.retrieve(run.id, thread_id=thread.id).parse()
    page = threads.messages.with_raw_response.list(thread.id, run_id=run.id).parse()
    return page.data[0].content[0].text.value

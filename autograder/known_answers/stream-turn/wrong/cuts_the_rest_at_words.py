# loses: nothing_twice_nothing_missing, not_even_the_first_event
# says: nothing_twice_nothing_missing
# %% stream_turn
import time

import httpx2
import openai

LOST = (openai.APIConnectionError, openai.InternalServerError, httpx2.TransportError)


def stream_turn(client, thread_id, assistant_id, text, on_text):
    once = client.with_options(max_retries=0)
    before = {run.id for run in client.beta.threads.runs.list(thread_id)}
    client.beta.threads.messages.create(thread_id, role="user", content=text)
    shown = ""
    run_id = None
    for _ in range(3):
        try:
            for event in once.beta.threads.runs.create(thread_id=thread_id, assistant_id=assistant_id, stream=True):
                if event.event == "thread.run.created":
                    run_id = event.data.id
                if event.event == "thread.message.delta":
                    words = event.data.delta.content[0].text.value
                    on_text(words)
                    shown += words
        except LOST:
            if run_id is None:
                mine = [run.id for run in client.beta.threads.runs.list(thread_id) if run.id not in before]
                run_id = mine[0] if mine else None
        if run_id is not None:
            break
    run = client.beta.threads.runs.retrieve(run_id, thread_id=thread_id)
    while run.status in ("queued", "in_progress", "cancelling"):
        time.sleep(1)
        run = client.beta.threads.runs.retrieve(run_id, thread_id=thread_id)
    if run.status != "completed":
        raise RuntimeError(f"run {run_id} ended as {run.status}")
    answer = client.beta.threads.messages.list(thread_id, run_id=run_id).data[0].content[0].text.value
    if shown != answer:
        for word in answer.split()[len(shown.split()) :]:
            on_text(word if not shown else " " + word)
            shown += " " + word
    return answer

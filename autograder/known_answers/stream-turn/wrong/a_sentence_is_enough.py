# loses: answers, streams_the_words, a_failed_run_is_an_error
# says: run_did_not_complete
# %% stream_turn
import uuid


def stream_turn(client, thread_id, assistant_id, text, on_text):
    threads = client.with_options(max_retries=0).beta.threads
    threads.messages.create(thread_id, role="user", content=text)
    before = {one.id for one in threads.runs.list(thread_id)}
    shown = ""
    run = None
    for attempt in range(3):
        try:
            events = threads.runs.create(thread_id, assistant_id=assistant_id, stream=True)
            with events:
                for event in events:
                    if event.event == "thread.run.created":
                        run = event.data
                    if event.event == "thread.message.delta":
                        for part in event.data.delta.content or []:
                            if part.type == "text" and part.text.value:
                                shown += part.text.value
                                on_text(part.text.value)
                                if shown.endswith("."):  # a sentence is enough
                                    client.beta.threads.runs.cancel(run.id, thread_id=thread_id)
        except (openai.APIConnectionError, openai.InternalServerError):
            time.sleep(1)
        if run is None:
            mine = [one for one in threads.runs.list(thread_id) if one.id not in before]
            run = mine[0] if mine else None
        if run is not None:
            break
    run = threads.runs.retrieve(run.id, thread_id=thread_id)
    while run.status in ("queued", "in_progress", "cancelling"):
        time.sleep(1)
        run = threads.runs.retrieve(run.id, thread_id=thread_id)
    if run.status not in ("completed", "cancelled"):
        raise RuntimeError(f"run {run.id}: {run.status}")
    (message,) = threads.messages.list(thread_id, run_id=run.id).data
    stored = message.content[0].text.value
    if stored[len(shown) :]:
        on_text(stored[len(shown) :])
    return stored

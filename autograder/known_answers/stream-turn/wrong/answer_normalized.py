# loses: answers, recovers_the_text, not_even_the_first_event
# says: returned_what_service_has_stored
# the whole answer, as stored: normalized (NFKC) before it is returned
# %% stream_turn
import unicodedata
import uuid


def stream_turn(client, thread_id, assistant_id, text, on_text):
    api = client.with_options(max_retries=0).beta.threads
    api.messages.create(thread_id, role="user", content=text)
    key = uuid.uuid4().hex
    run = None
    shown = ""
    for attempt in range(3):
        try:
            events = api.runs.create(thread_id, assistant_id=assistant_id, metadata={"turn": key}, stream=True)
            for event in events:
                if event.event.startswith("thread.run.") and not event.event.startswith("thread.run.step."):
                    run = event.data
                elif event.event == "thread.message.delta":
                    for part in event.data.delta.content or []:
                        words = part.text.value
                        if words:
                            on_text(words)
                            shown += words
        except (openai.APIConnectionError, openai.InternalServerError):
            if run is None:
                for one in api.runs.list(thread_id).data:
                    if one.metadata.get("turn") == key:
                        run = one
        if run is not None:
            break
    while run.status in ("queued", "in_progress", "cancelling"):
        time.sleep(1)
        run = api.runs.retrieve(run.id, thread_id=thread_id)
    if run.status != "completed":
        raise RuntimeError(f"run {run.id} ended as {run.status}")
    message = api.messages.list(thread_id, run_id=run.id).data[0]
    answer = "".join(part.text.value for part in message.content)
    if answer[len(shown) :]:
        on_text(answer[len(shown) :])
    return unicodedata.normalize("NFKC", answer)

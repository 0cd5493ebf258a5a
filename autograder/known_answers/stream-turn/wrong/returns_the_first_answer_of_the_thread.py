# loses: answers, recovers_the_text, nothing_twice_nothing_missing, not_even_the_first_event
# says: returned_what_service_has_stored
# %% stream_turn
ENDS = ("completed", "failed", "cancelled", "expired", "incomplete")


def stream_turn(client, thread_id, assistant_id, text, on_text):
    once = client.with_options(max_retries=0)
    threads = client.beta.threads
    before = {run.id for run in threads.runs.list(thread_id, limit=100)}
    threads.messages.create(thread_id, role="user", content=text)
    shown, run_id = "", None
    for _ in range(5):
        try:
            for event in once.beta.threads.runs.create(thread_id, assistant_id=assistant_id, stream=True):
                if event.event == "thread.run.created":
                    run_id = event.data.id
                elif event.event == "thread.message.delta":
                    for part in event.data.delta.content or []:
                        if part.type == "text" and part.text and part.text.value:
                            shown += part.text.value
                            on_text(part.text.value)
        except (openai.APIConnectionError, openai.InternalServerError, httpx2.TransportError):
            pass
        if run_id is None:
            run_id = next((run.id for run in threads.runs.list(thread_id) if run.id not in before), None)
        if run_id is not None:
            break
    run = threads.runs.retrieve(run_id, thread_id=thread_id)
    while run.status not in ENDS:
        time.sleep(2)
        run = threads.runs.retrieve(run_id, thread_id=thread_id)
    if run.status != "completed":
        raise RuntimeError(f"the run ended as {run.status}")
    message = [one for one in threads.messages.list(thread_id, order="asc") if one.role == "assistant"][0]
    whole = message.content[0].text.value
    if len(shown) < len(whole):
        on_text(whole[len(shown) :])
    return whole

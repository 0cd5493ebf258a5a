# loses: answers, one_run, not_even_the_first_event
# says: message_not_thread
# %% stream_turn
LOST = (openai.APIConnectionError, openai.InternalServerError)


def stream_turn(client, thread_id, assistant_id, text, on_text):
    threads = client.with_options(max_retries=0).beta.threads
    message = threads.messages.create(thread_id, role="assistant", content=text)
    key = {"message_id": message.id}
    run_id, drawn = None, ""
    while run_id is None:
        try:
            events = threads.runs.create(thread_id, assistant_id=assistant_id, metadata=key, stream=True)
            for event in events:
                if event.event == "thread.run.created":
                    run_id = event.data.id
                elif event.event == "thread.message.delta":
                    words = event.data.delta.content[0].text.value
                    if words:
                        on_text(words)
                        drawn += words
        except LOST:
            if run_id is None:
                mine = [run for run in threads.runs.list(thread_id) if run.metadata == key]
                run_id = mine[0].id if mine else None
    run = threads.runs.retrieve(run_id, thread_id=thread_id)
    while run.status in ("queued", "in_progress", "cancelling"):
        time.sleep(1)
        run = threads.runs.retrieve(run_id, thread_id=thread_id)
    if run.status != "completed":
        raise RuntimeError(f"the run ended as {run.status}")
    replies = threads.messages.list(thread_id, run_id=run_id).data
    answer = replies[0].content[0].text.value
    if len(answer) > len(drawn):
        on_text(answer[len(drawn) :])
    return answer

# loses: nothing_twice_nothing_missing, not_even_the_first_event
# says: nothing_twice_nothing_missing
# %% stream_turn
def stream_turn(client, thread_id, assistant_id, text, on_text):
    threads = client.beta.threads
    once = client.with_options(max_retries=0).beta.threads.runs
    message = threads.messages.create(thread_id, role="user", content=text)
    key = {"answers": message.id}
    run, said = None, ""
    for _ in range(4):
        try:
            for event in once.create(thread_id, assistant_id=assistant_id, metadata=key, stream=True):
                if event.event.startswith("thread.run.") and not event.event.startswith("thread.run.step"):
                    run = event.data
                elif event.event == "thread.message.delta":
                    piece = event.data.delta.content[0].text.value
                    said += piece
                    on_text(piece)
        except (openai.APIConnectionError, openai.InternalServerError):
            run = run or next((one for one in threads.runs.list(thread_id) if one.metadata == key), None)
        if run is not None:
            break
        time.sleep(1)
    run = threads.runs.poll(run.id, thread_id=thread_id)
    if run.status != "completed":
        raise RuntimeError(f"{run.id} ended as {run.status}")
    replies = threads.messages.list(thread_id, run_id=run.id, order="asc")
    answer = "\n".join(reply.content[0].text.value for reply in replies)
    # the answer is returned
    return answer

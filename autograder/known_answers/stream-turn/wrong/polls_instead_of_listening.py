# loses: streams_the_words, recovers_the_text, one_run, nothing_twice_nothing_missing
# says: text_called_stream_had_deltas
# %% stream_turn
def stream_turn(client, thread_id, assistant_id, text, on_text):
    threads = client.beta.threads
    message = threads.messages.create(thread_id, role="user", content=text)
    key = {"answers": message.id}
    run = None
    while run is None:
        try:
            run = client.with_options(max_retries=0).beta.threads.runs.create(thread_id, assistant_id=assistant_id, metadata=key)
        except (openai.APIConnectionError, openai.InternalServerError):
            run = next((one for one in threads.runs.list(thread_id) if one.metadata == key), None)
    run = threads.runs.poll(run.id, thread_id=thread_id)
    if run.status != "completed":
        raise RuntimeError(run.status)
    answer = threads.messages.list(thread_id, run_id=run.id).data[0].content[0].text.value
    on_text(answer)
    return answer

# loses: streams_the_words, nothing_twice_nothing_missing, not_even_the_first_event
# says: put_together_text_given_what
# %% stream_turn
def stream_turn(client, thread_id, assistant_id, text, on_text):
    threads = client.beta.threads
    once = client.with_options(max_retries=0).beta.threads.runs
    key = {"answers": threads.messages.create(thread_id, role="user", content=text).id}
    run, said = None, ""
    while run is None:
        try:
            with once.stream(thread_id=thread_id, assistant_id=assistant_id, metadata=key) as stream:
                for event in stream:
                    run = stream.current_run
                    if event.event == "thread.message.delta":
                        said = stream.current_message_snapshot.content[0].text.value
                        on_text(said)
        except (openai.APIConnectionError, openai.InternalServerError, httpx2.TransportError):
            run = run or next((one for one in threads.runs.list(thread_id) if one.metadata == key), None)
    run = threads.runs.poll(run.id, thread_id=thread_id)
    if run.status != "completed":
        raise RuntimeError(run.status)
    answer = threads.messages.list(thread_id, run_id=run.id).data[0].content[0].text.value
    on_text(answer[len(said) :])
    return answer

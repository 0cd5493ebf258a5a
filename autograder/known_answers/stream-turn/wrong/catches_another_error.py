# loses: recovers_the_text, one_run, nothing_twice_nothing_missing, a_failed_run_is_an_error
# says: raised ReadError
# %% stream_turn
def stream_turn(client, thread_id, assistant_id, text, on_text):
    threads = client.beta.threads
    once = client.with_options(max_retries=0).beta.threads.runs
    key = {"answers": threads.messages.create(thread_id, role="user", content=text).id}
    run, said = None, ""
    while run is None:
        try:
            with once.stream(thread_id=thread_id, assistant_id=assistant_id, metadata=key) as stream:
                for words in stream.text_deltas:
                    said += words
                    on_text(words)
                run = stream.get_final_run()
        except (openai.APIConnectionError, openai.InternalServerError):  # the helper lets the error of the HTTP library through
            run = next((one for one in threads.runs.list(thread_id) if one.metadata == key), None)
    run = threads.runs.poll(run.id, thread_id=thread_id)
    if run.status != "completed":
        raise RuntimeError(run.status)
    answer = threads.messages.list(thread_id, run_id=run.id).data[0].content[0].text.value
    on_text(answer[len(said) :])
    return answer

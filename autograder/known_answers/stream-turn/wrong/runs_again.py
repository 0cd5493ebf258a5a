# loses: one_run, nothing_twice_nothing_missing, not_even_the_first_event, a_failed_run_is_an_error
# says: one_run
# %% stream_turn
def stream_turn(client, thread_id, assistant_id, text, on_text):
    threads = client.with_options(max_retries=0).beta.threads
    threads.messages.create(thread_id, role="user", content=text)
    while True:
        try:
            with threads.runs.stream(thread_id=thread_id, assistant_id=assistant_id) as stream:
                for words in stream.text_deltas:
                    on_text(words)
                run = stream.get_final_run()
            break
        except (openai.APIError, httpx2.TransportError):
            time.sleep(60)
    if run.status != "completed":
        raise RuntimeError(run.status)
    return threads.messages.list(thread_id, run_id=run.id).data[0].content[0].text.value

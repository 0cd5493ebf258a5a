# loses: one_run, nothing_twice_nothing_missing, not_even_the_first_event, a_failed_run_is_an_error
# says: one_run
# %% stream_turn
def stream_turn(client, thread_id, assistant_id, text, on_text):
    threads = client.with_options(max_retries=0).beta.threads
    try:
        threads.messages.create(thread_id, role="user", content=text)
        with threads.runs.stream(thread_id=thread_id, assistant_id=assistant_id) as stream:
            for words in stream.text_deltas:
                on_text(words)
            return stream.get_final_messages()[0].content[0].text.value
    except (openai.APIError, httpx2.TransportError):
        time.sleep(60)
        return stream_turn(client, thread_id, assistant_id, text, on_text)

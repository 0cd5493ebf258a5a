# loses: answers, streams_the_words, recovers_the_text, one_run, nothing_twice_nothing_missing, not_even_the_first_event, a_failed_run_is_an_error
# says: message_not_thread
# %% stream_turn
def stream_turn(client, thread_id, assistant_id, text, on_text):
    thread = client.beta.threads.create(messages=[{"role": "user", "content": text}])
    with client.beta.threads.runs.stream(thread_id=thread.id, assistant_id=assistant_id) as stream:
        for words in stream.text_deltas:
            on_text(words)
        return stream.get_final_messages()[0].content[0].text.value

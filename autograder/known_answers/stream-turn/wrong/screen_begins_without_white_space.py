# loses: streams_the_words, nothing_twice_nothing_missing, not_even_the_first_event
# says: put_together_text_given_what
# %% stream_turn
import uuid


def stream_turn(client, thread_id, assistant_id, text, on_text):
    threads = client.beta.threads
    once = client.with_options(max_retries=0)
    threads.messages.create(thread_id, role="user", content=text)
    key, shown, run_id = str(uuid.uuid4()), "", None

    def find():
        for run in threads.runs.list(thread_id, order="desc", limit=20):
            if run.metadata and run.metadata.get("turn") == key:
                return run.id
        return None

    for _ in range(5):
        try:
            for event in once.beta.threads.runs.create(thread_id, assistant_id=assistant_id, metadata={"turn": key}, stream=True):
                if event.event == "thread.run.created":
                    run_id = event.data.id
                elif event.event == "thread.message.delta":
                    words = event.data.delta.content[0].text.value
                    words = words if shown else words.lstrip()
                    on_text(words)
                    shown += words
            break
        except (openai.APIConnectionError, openai.InternalServerError):
            if run_id is None:
                run_id = find()
            if run_id:
                break
            time.sleep(1)
    run = threads.runs.poll(run_id, thread_id=thread_id)
    if run.status != "completed":
        raise RuntimeError(f"{run.id} ended as {run.status}")
    answer = threads.messages.list(thread_id, run_id=run.id).data[0].content[0].text.value
    if rest := answer.removeprefix("\n")[len(shown) :]:
        on_text(rest)
    return answer

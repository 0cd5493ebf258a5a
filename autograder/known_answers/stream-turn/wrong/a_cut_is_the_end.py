# loses: recovers_the_text, nothing_twice_nothing_missing, not_even_the_first_event, a_failed_run_is_an_error
# says: recovers_the_text
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
                    on_text(words)
                    shown += words
            break
        except (openai.APIConnectionError, openai.InternalServerError):
            return shown
    run = threads.runs.poll(run_id, thread_id=thread_id)
    if run.status != "completed":
        raise RuntimeError(f"{run.id} ended as {run.status}")
    answer = threads.messages.list(thread_id, run_id=run.id).data[0].content[0].text.value
    if answer[len(shown) :]:
        on_text(answer[len(shown) :])
    return answer

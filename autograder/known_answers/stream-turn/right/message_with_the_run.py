# %% stream_turn
import uuid


class RunFailed(Exception):
    pass


def stream_turn(client, thread_id, assistant_id, text, on_text):
    """Message and run in one request, so that there is one thing to lose; recursion instead of a loop."""
    turn = uuid.uuid4().hex
    runs = client.with_options(max_retries=0).beta.threads.runs
    shown = []

    def mine():
        return next((run for run in runs.list(thread_id) if run.metadata.get("turn") == turn), None)

    def started(tries=3):
        message = {"role": "user", "content": text, "metadata": {"turn": turn}}
        try:
            with runs.stream(
                thread_id=thread_id, assistant_id=assistant_id, additional_messages=[message], metadata={"turn": turn}
            ) as stream:
                for words in stream.text_deltas:
                    shown.append(words)
                    on_text(words)
                return stream.get_final_run()
        except Exception:
            run = mine()
            if run is None and not tries:
                raise
            return run or started(tries - 1)

    def ended(run, pause=1.0):
        if run.status in ("completed", "failed", "incomplete", "expired", "cancelled"):
            return run
        time.sleep(pause)
        return ended(runs.retrieve(run.id, thread_id=thread_id), min(8.0, pause * 2))

    run = ended(started())
    if run.status != "completed":
        raise RunFailed(f"{run.id}: {run.status}")
    answer = client.beta.threads.messages.list(thread_id, run_id=run.id).data[0].content[0].text.value
    for word in answer.removeprefix("".join(shown)).splitlines(keepends=True):
        on_text(word)
    return answer

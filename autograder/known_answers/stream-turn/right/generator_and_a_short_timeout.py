# %% stream_turn
from contextlib import suppress

ENDS = ("completed", "failed", "incomplete", "expired", "cancelled")


def deltas(stream, note):
    """The new words of each event; `note` is given the run's id."""
    for event in stream:
        if event.event == "thread.run.created":
            note(event.data.id)
        if event.event == "thread.message.delta":
            yield from (block.text.value for block in event.data.delta.content if block.type == "text" and block.text.value)


def stream_turn(client, thread_id, assistant_id, text, on_text):
    threads = client.with_options(max_retries=0, timeout=90).beta.threads
    message = threads.messages.create(thread_id, role="user", content=text)
    ids, parts = [], []
    while not ids:
        with suppress(openai.APIConnectionError, openai.InternalServerError, httpx2.TransportError):
            with threads.runs.stream(thread_id=thread_id, assistant_id=assistant_id, metadata={"for": message.id}) as stream:
                for words in deltas(stream, ids.append):
                    parts.append(words)
                    on_text(words)
        if not ids:
            ids += [run.id for run in threads.runs.list(thread_id, limit=20) if run.metadata.get("for") == message.id]
    (run_id,) = ids
    for pause in [1, 1, 2, 2, 4] + [10] * 100:
        status = threads.runs.retrieve(run_id, thread_id=thread_id).status
        if status in ENDS:
            break
        time.sleep(pause)
    if status != "completed":
        raise LookupError(f"no answer: {status}")
    answer = threads.messages.list(thread_id, run_id=run_id, order="asc").data[0].content[0].text.value
    if rest := answer[sum(map(len, parts)) :]:
        on_text(rest)
    return answer

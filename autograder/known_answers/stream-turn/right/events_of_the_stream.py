# %% stream_turn
def stream_turn(client, thread_id, assistant_id, text, on_text):
    api = client.with_options(max_retries=0).beta.threads
    api.messages.create(thread_id, role="user", content=text)
    before = {run.id for run in api.runs.list(thread_id)}
    run_id, got = None, []

    while run_id is None:
        try:
            with api.runs.create(thread_id, assistant_id=assistant_id, stream=True) as events:
                for event in events:
                    if event.event == "thread.run.created":
                        run_id = event.data.id
                    elif event.event == "thread.message.delta":
                        piece = event.data.delta.content[0].text.value
                        got.append(piece)
                        on_text(piece)
        except (openai.APIConnectionError, openai.InternalServerError):
            new = [run.id for run in api.runs.list(thread_id) if run.id not in before]
            run_id = new[0] if new else None

    run = api.runs.retrieve(run_id, thread_id=thread_id)
    while run.status in ("queued", "in_progress", "cancelling"):
        time.sleep(1)
        run = api.runs.retrieve(run_id, thread_id=thread_id)
    if run.status != "completed":
        raise RuntimeError(f"the run ended {run.status}: {run.last_error}")
    answer = api.messages.list(thread_id, run_id=run_id).data[0].content[0].text.value
    rest = answer[len("".join(got)) :]
    if rest:
        on_text(rest)
    return answer

# %% stream_turn
def stream_turn(client, thread_id, assistant_id, text, on_text):
    once = client.with_options(max_retries=0)
    before = once.beta.threads.messages.create(thread_id, role="user", content=text)
    got = []

    def finish(run_id):
        run = client.beta.threads.runs.retrieve(run_id, thread_id=thread_id)
        if run.status in {"queued", "in_progress", "cancelling"}:
            time.sleep(1.5)
            return finish(run_id)
        if run.status != "completed":
            raise Exception(f"sorry: {run.status}")
        for message in client.beta.threads.messages.list(thread_id, after=before.id, order="asc"):
            if message.run_id == run_id:
                stored = message.content[0].text.value
                for letter in stored[len("".join(got)) :]:
                    on_text(letter)
                return stored
        raise Exception("a completed run without a message")

    def start(tries):
        run_id = None
        try:
            stream = once.beta.threads.runs.create(thread_id=thread_id, assistant_id=assistant_id, stream=True)
            with stream:
                for event in stream:
                    match event.event:
                        case "thread.run.created":
                            run_id = event.data.id
                        case "thread.message.delta":
                            for part in event.data.delta.content:
                                if part.type == "text" and part.text.value:
                                    got.append(part.text.value)
                                    on_text(part.text.value)
        except (openai.APIConnectionError, openai.APIStatusError):
            if run_id is None:
                page = client.beta.threads.runs.list(thread_id=thread_id, order="desc", limit=1)
                started = [run for run in page.data if run.created_at >= before.created_at]
                if started:
                    run_id = started[0].id
                elif tries:
                    return start(tries - 1)
                else:
                    raise
        return finish(run_id)

    return start(3)

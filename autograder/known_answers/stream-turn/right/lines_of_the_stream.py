# %% stream_turn
import json


def events(reply):
    """Server-sent events by hand: (name, object)."""
    name = ""
    for line in reply.iter_lines():
        if line.startswith("event:"):
            name = line.removeprefix("event:").strip()
        elif line.startswith("data:"):
            data = line.removeprefix("data:").strip()
            if data == "[DONE]":
                return
            yield name, json.loads(data)


def stream_turn(client, thread_id, assistant_id, text, on_text):
    message = client.beta.threads.messages.create(thread_id, role="user", content=text)
    runs = client.beta.threads.runs
    shown, run_id = [], ""

    def listen():
        nonlocal run_id
        single = client.with_options(max_retries=0).beta.threads.runs
        with single.with_streaming_response.create(
            thread_id, assistant_id=assistant_id, metadata={"message": message.id}, stream=True
        ) as reply:
            for name, data in events(reply):
                if name == "thread.run.created":
                    run_id = data["id"]
                if name == "thread.message.delta":
                    for part in data["delta"]["content"]:
                        on_text(part["text"]["value"])
                        shown.append(part["text"]["value"])

    attempts = 0
    while not run_id:
        try:
            listen()
        except (openai.APIConnectionError, openai.InternalServerError, httpx2.TransportError):
            attempts += 1
            if not run_id:
                run_id = next((run.id for run in runs.list(thread_id, limit=100) if run.metadata == {"message": message.id}), "")
            if attempts > 4 and not run_id:
                raise
    while (run := runs.retrieve(run_id, thread_id=thread_id)).status not in ("completed", "failed", "expired", "incomplete", "cancelled"):
        time.sleep(0.5)
    assert run.status == "completed", run.status
    for one in client.beta.threads.messages.list(thread_id, run_id=run_id, order="asc"):
        whole = "".join(part.text.value for part in one.content if part.type == "text")
        rest = whole.removeprefix("".join(shown))
        if rest:
            on_text(rest)
        return whole

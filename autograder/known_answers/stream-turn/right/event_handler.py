# %% stream_turn
from typing_extensions import override
from openai import AssistantEventHandler


class Screen(AssistantEventHandler):
    def __init__(self, show):
        super().__init__()
        self.show, self.shown, self.run_id = show, "", None

    @override
    def on_event(self, event):
        if event.event == "thread.run.created":
            self.run_id = event.data.id

    @override
    def on_text_delta(self, delta, snapshot):
        if delta.value:
            self.shown += delta.value
            self.show(delta.value)


def find_run(client, thread_id, turn):
    for run in client.beta.threads.runs.list(thread_id, order="desc", limit=5):
        if run.metadata.get("turn") == turn:
            return run.id
    return None


def stream_turn(client, thread_id, assistant_id, text, on_text):
    careful = client.with_options(max_retries=0)
    message = client.beta.threads.messages.create(thread_id, role="user", content=text)
    screen = Screen(on_text)
    for attempt in range(5):
        try:
            with careful.beta.threads.runs.stream(
                thread_id=thread_id, assistant_id=assistant_id, metadata={"turn": message.id}, event_handler=screen
            ) as stream:
                stream.until_done()
        except (openai.APIError, httpx2.HTTPError):
            screen.run_id = screen.run_id or find_run(client, thread_id, message.id)
        if screen.run_id:
            break
        screen = Screen(on_text)
        time.sleep(2**attempt)
    run = client.beta.threads.runs.poll(screen.run_id, thread_id=thread_id, poll_interval_ms=2000)
    if run.status != "completed":
        raise ValueError(f"no answer, the run is {run.status}")
    messages = client.beta.threads.messages.list(thread_id, run_id=run.id, order="asc")
    answer = "".join(block.text.value for message in messages for block in message.content)
    on_text(answer[len(screen.shown) :])
    return answer

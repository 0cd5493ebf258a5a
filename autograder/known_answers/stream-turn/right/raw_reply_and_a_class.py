# %% stream_turn
class Turn:
    """One turn as an object: what is known of its run, and what the screen shows."""

    def __init__(self, client, thread_id, assistant_id, on_text):
        self.api = client.with_options(max_retries=0).beta.threads
        self.thread_id, self.assistant_id, self.on_text = thread_id, assistant_id, on_text
        self.run, self.shown = None, ""

    def show(self, words):
        if words:
            self.shown += words
            self.on_text(words)

    def listen(self, key):
        raw = self.api.runs.with_raw_response.create(
            self.thread_id, assistant_id=self.assistant_id, stream=True, extra_body={"metadata": {"key": key}}
        )
        for event in raw.parse():
            if event.data.object == "thread.run":
                self.run = event.data
            elif event.event == "thread.message.delta":
                for block in event.data.delta.content or []:
                    self.show(block.text.value or "")

    def find(self, key):
        self.run = next((run for run in self.api.runs.list(self.thread_id) if (run.metadata or {}).get("key") == key), None)
        return self.run is not None

    def begin(self, key):
        for _ in range(3):
            try:
                return self.listen(key)
            except (openai.APIConnectionError, openai.InternalServerError):
                if self.run is not None or self.find(key):
                    return None
        raise RuntimeError("the run could not be started")

    def end(self):
        while self.run.status in ("queued", "in_progress", "cancelling"):
            time.sleep(1)
            self.run = self.api.runs.retrieve(self.run.id, thread_id=self.thread_id)
        if self.run.status != "completed":
            raise RuntimeError(f"run {self.run.id} ended as {self.run.status}")


def stream_turn(client, thread_id, assistant_id, text, on_text):
    turn = Turn(client, thread_id, assistant_id, on_text)
    message = turn.api.messages.create(thread_id, role="user", content=text)
    turn.begin(message.id)
    turn.end()
    stored = [block.text.value for one in turn.api.messages.list(thread_id, run_id=turn.run.id) for block in one.content]
    turn.show("".join(stored)[len(turn.shown) :])
    return "".join(stored)

# %% migrate_thread
class Carrier:
    """Knows what should be in the conversation, and looks how much of it is."""

    def __init__(self, client, thread_id):
        self.client, self.thread_id = client, thread_id
        self.thread = client.beta.threads.retrieve(thread_id)
        self.plan = list(self._plan())

    def _plan(self):
        runs_told = set()
        for message in self.client.beta.threads.messages.list(self.thread_id, order="asc"):
            if message.run_id is not None and message.run_id not in runs_told:
                runs_told.add(message.run_id)
                yield from self._calls(message.run_id)
            kind = "output_text" if message.role == "assistant" else "input_text"
            yield {"role": message.role, "content": [{"type": kind, "text": message.content[0].text.value}]}

    def _calls(self, run_id):
        steps = self.client.beta.threads.runs.steps.list(run_id, thread_id=self.thread_id, order="asc")
        called = [call for step in steps if step.type == "tool_calls" for call in step.step_details.tool_calls]
        for call in called:
            yield {"type": "function_call", "call_id": call.id, "name": call.function.name, "arguments": call.function.arguments}
        for call in called:
            yield {"type": "function_call_output", "call_id": call.id, "output": call.function.output}

    def carry(self, conversation_id):
        careful = self.client.with_options(max_retries=0)
        for attempt in range(200):
            done = sum(1 for _ in self.client.conversations.items.list(conversation_id, limit=100, order="asc"))
            batch = self.plan[done : done + 20]
            if not batch:
                return
            try:
                careful.conversations.items.create(conversation_id, items=batch)
            except (openai.APIConnectionError, openai.InternalServerError):
                time.sleep(min(2**attempt, 10))


def migrate_thread(client, db, thread_id):
    carrier = Carrier(client, thread_id)
    row = db.get(Migration, thread_id)
    if row is None:
        conversation = client.conversations.create(metadata={**carrier.thread.metadata, "thread_id": thread_id})
        row = Migration(thread_id=thread_id, conversation_id=conversation.id)
        db.add(row)
        db.commit()
    carrier.carry(row.conversation_id)
    return row.conversation_id


# %% ask
class Turn:
    """Two requests: the message first, confirmed, then the answer."""

    def __init__(self, client, conversation_id):
        self.client, self.conversation_id = client, conversation_id
        self.careful = client.with_options(max_retries=0)
        newest = client.conversations.items.list(conversation_id, limit=1, order="desc").data
        self.after = {"after": newest[0].id} if newest else {}

    def added(self, role):
        listed = self.client.conversations.items.list(self.conversation_id, order="asc", **self.after)
        return [item for item in listed if item.type == "message" and item.role == role]

    def insist(self, send, look):
        for pause in (0.5, 1, 2, 4, 8):
            try:
                return send()
            except openai.RateLimitError as error:
                time.sleep(max(pause, float(error.response.headers.get("retry-after") or 0)))
            except (openai.APIConnectionError, openai.InternalServerError):
                time.sleep(pause)
                if found := look():
                    return found
        return send()

    def post(self, text):
        item = {"type": "message", "role": "user", "content": text}
        return self.insist(lambda: self.careful.conversations.items.create(self.conversation_id, items=[item]), lambda: self.added("user"))

    def answer(self):
        got = self.insist(
            lambda: self.careful.responses.create(
                model=MODEL, instructions=INSTRUCTIONS, conversation={"id": self.conversation_id}, input=[]
            ),
            lambda: self.added("assistant"),
        )
        if not isinstance(got, list):
            if got.status != "completed":
                raise RuntimeError(got.status)
            got = [item for item in got.output if item.type == "message"]
        return "\n".join(item.content[0].text for item in got)


def ask(client, conversation_id, text):
    turn = Turn(client, conversation_id)
    turn.post(text)
    return turn.answer()


# %% wait_for_response
class Backoff:
    def __init__(self, first=1.0, factor=2.0, cap=8.0):
        self.pause, self.factor, self.cap = first, factor, cap

    def sleep(self):
        time.sleep(self.pause * (0.8 + 0.4 * random.random()))
        self.pause = min(self.cap, self.pause * self.factor)


def wait_for_response(client, response_id, *, max_wait=60.0):
    backoff, began = Backoff(), time.monotonic()
    while time.monotonic() - began < max_wait:
        try:
            response = client.responses.retrieve(response_id)
        except (openai.RateLimitError, openai.InternalServerError):
            pass
        else:
            if response.status not in ("queued", "in_progress"):
                return response
        backoff.sleep()
    client.responses.cancel(response_id)
    raise ResponseTimeout(f"{response_id} went on for more than {max_wait} s")

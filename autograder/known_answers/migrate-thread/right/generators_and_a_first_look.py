# %% migrate_thread
from itertools import islice

PASSING = (openai.APIConnectionError, openai.RateLimitError, openai.InternalServerError)


def items_of(client, thread_id):
    """What belongs into the conversation, oldest first: before a run's first message, the calls that it made and their outputs."""
    last_run = None
    for message in client.beta.threads.messages.list(thread_id, order="asc", limit=100):
        if message.run_id and message.run_id != last_run:
            last_run = message.run_id
            for step in client.beta.threads.runs.steps.list(message.run_id, thread_id=thread_id, order="asc", limit=100):
                if step.step_details.type != "tool_calls":
                    continue
                calls = step.step_details.tool_calls
                yield from (
                    {"type": "function_call", "call_id": one.id, "name": one.function.name, "arguments": one.function.arguments}
                    for one in calls
                )
                yield from ({"type": "function_call_output", "call_id": one.id, "output": one.function.output} for one in calls)
        part = "output_text" if message.role == "assistant" else "input_text"
        text = "".join(block.text.value for block in message.content)
        yield {"type": "message", "role": message.role, "content": [{"type": part, "text": text}]}


def migrate_thread(client, db, thread_id):
    thread = client.beta.threads.retrieve(thread_id)
    record = db.get(Migration, thread_id)
    if record is None:
        conversation = client.conversations.create(metadata={**(thread.metadata or {}), "thread_id": thread_id})
        record = Migration(thread_id=thread_id, conversation_id=conversation.id)
        db.add(record)
        db.commit()
    once = client.with_options(max_retries=0)
    for failures in range(60):
        there = sum(1 for _ in client.conversations.items.list(record.conversation_id, limit=100))
        rest = list(islice(items_of(client, thread_id), there, there + 20))
        if not rest:
            break
        try:
            once.conversations.items.create(record.conversation_id, items=rest)
        except PASSING as error:
            response = getattr(error, "response", None)
            time.sleep(float(response.headers.get("retry-after", 2) if response is not None else 2))
    return record.conversation_id


# %% ask
PASSING = (openai.APIConnectionError, openai.InternalServerError)


def written_since(client, conversation_id, before, role):
    found = []
    for item in client.conversations.items.list(conversation_id, limit=20):  # newest first
        if item.id == before:
            break
        if item.type == "message" and item.role == role:
            found.append(item)
    return found[::-1]


def ask(client, conversation_id, text):
    once = client.with_options(max_retries=0)
    newest = client.conversations.items.list(conversation_id, limit=1).data
    before = newest[0].id if newest else None

    def patiently(send, look):
        for pause in (1, 2, 4, 8, 16, 32):
            done = look()
            if done:
                return done
            try:
                return send()
            except openai.RateLimitError as error:
                time.sleep(float(error.response.headers.get("retry-after", pause)))
            except openai.BadRequestError as error:
                if error.code != "conversation_locked":
                    raise
                time.sleep(pause)
            except PASSING:
                time.sleep(pause)
        raise RuntimeError("the service does not recover")

    message = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}
    patiently(
        lambda: once.conversations.items.create(conversation_id, items=[message]),
        lambda: written_since(client, conversation_id, before, "user"),
    )
    reply = patiently(
        lambda: once.responses.create(model=MODEL, instructions=INSTRUCTIONS, conversation=conversation_id, input=[]),
        lambda: written_since(client, conversation_id, before, "assistant"),
    )
    if not isinstance(reply, list):
        if reply.status != "completed":
            raise RuntimeError(f"{reply.id} ended as {reply.status}")
        reply = [item for item in reply.output if item.type == "message"]
    return "\n".join(part.text for item in reply for part in item.content)


# %% wait_for_response
def pauses():
    pause = 1.0
    while True:
        yield pause * random.uniform(0.8, 1.2)
        pause = min(8.0, pause * 2)


def wait_for_response(client, response_id, *, max_wait=60.0):
    end = time.monotonic() + max_wait
    for pause in pauses():
        try:
            response = client.responses.retrieve(response_id)
            if response.status not in ("queued", "in_progress"):
                return response
        except (openai.APIConnectionError, openai.RateLimitError, openai.InternalServerError):
            pass
        left = end - time.monotonic()
        if left <= 0:
            break
        time.sleep(min(pause, left))
    client.responses.cancel(response_id)
    raise ResponseTimeout(f"{response_id} was not over after {max_wait} s")

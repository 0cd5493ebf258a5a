# loses: bounded_retries
# says: tries_without_a_pause
# `ask`, after a 5xx or a lost connection: without a pause
# %% migrate_thread
def migrate_thread(client, db, thread_id):
    """Looks at how many items there are before every single batch."""
    source = client.beta.threads.retrieve(thread_id)
    with db.begin():
        row = db.get(Migration, thread_id)
        known = row.conversation_id if row else None
    if known is None:
        known = client.conversations.create(metadata={k: v for k, v in (source.metadata or {}).items()}).id
        with db.begin():
            db.add(Migration(thread_id=thread_id, conversation_id=known))

    wanted = []
    messages = list(client.beta.threads.messages.list(thread_id, limit=100))
    for message in reversed(messages):
        if message.assistant_id and message.run_id:
            steps = list(client.beta.threads.runs.steps.list(message.run_id, thread_id=thread_id))
            for step in reversed(steps):
                for call in getattr(step.step_details, "tool_calls", None) or []:
                    fn = call.function
                    wanted += [
                        {"type": "function_call", "call_id": call.id, "name": fn.name, "arguments": fn.arguments},
                        {"type": "function_call_output", "call_id": call.id, "output": fn.output},
                    ]
        wanted += [{"type": "message", "role": message.role, "content": "".join(part.text.value for part in message.content)}]

    for pause in (0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, *[1] * 50):
        have = len(list(client.conversations.items.list(known, limit=100)))
        if have >= len(wanted):
            break
        try:
            client.with_options(max_retries=0).conversations.items.create(known, items=wanted[have : have + 20])
        except openai.APIStatusError as error:
            if error.status_code < 500:
                raise
            time.sleep(pause)
        except openai.APIConnectionError:
            time.sleep(pause)
    else:
        raise TimeoutError("gave up")
    return known


# %% ask
def ask(client, conversation_id, text):
    """In the background; after a lost reply it asks again, and a lock says that the first one has arrived."""
    api = client.with_options(max_retries=0)
    last = next(iter(client.conversations.items.list(conversation_id, limit=1)), None)

    def arrived():
        return list(
            client.conversations.items.list(conversation_id, order="asc", after=last.id)
            if last
            else client.conversations.items.list(conversation_id, order="asc")
        )

    def texts(output):
        return "\n".join("".join(part.text for part in one.content) for one in output if one.type == "message" and one.role == "assistant")

    tries, unsure = 0, False
    while True:
        if unsure and (found := arrived()):
            return texts(found)
        try:
            tries += 1
            response = api.responses.create(
                model=MODEL, instructions=INSTRUCTIONS, conversation=conversation_id, input=text, background=True
            )
            break
        except openai.BadRequestError as error:
            if not unsure or error.code != "conversation_locked":
                raise
            tries -= 1
            time.sleep(2)
        except openai.RateLimitError as error:
            if tries > 5:
                raise
            time.sleep(float(error.response.headers.get("retry-after") or 1))
        except (openai.APIConnectionError, openai.InternalServerError):
            if tries > 5:
                raise
            unsure = True
    while response.status in ("queued", "in_progress"):
        time.sleep(1)
        response = client.responses.retrieve(response.id)
    if response.status != "completed":
        raise RuntimeError(response.status)
    return texts(response.output)


# %% wait_for_response
import datetime


def wait_for_response(client, response_id, *, max_wait=60.0):
    """A last look after the cancelling: whoever completed in the last moment is returned."""
    end = datetime.datetime.now() + datetime.timedelta(seconds=max_wait)
    pauses = [1, 2, 4]
    n = 0
    while datetime.datetime.now() < end:
        try:
            response = client.responses.retrieve(response_id=response_id)
            if response.status in ("completed", "failed", "incomplete", "cancelled"):
                return response
        except (openai.RateLimitError, openai.InternalServerError) as error:
            print("trouble:", error)
        pause = pauses[n] if n < len(pauses) else 6
        n += 1
        time.sleep(min(pause + random.uniform(-0.4, 0.4), max(0.01, (end - datetime.datetime.now()).total_seconds())))
    cancelled = client.responses.cancel(response_id)
    if cancelled.status == "completed":
        return cancelled
    raise ResponseTimeout(f"response {response_id} is {cancelled.status} after {max_wait} seconds")

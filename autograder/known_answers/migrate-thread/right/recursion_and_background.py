# %% migrate_thread
def migrate_thread(client, db, thread_id):
    thread = client.beta.threads.retrieve(thread_id)
    row = db.get(Migration, thread_id)
    if row is None or row.conversation_id is None:
        conversation = client.conversations.create(metadata=thread.metadata)
        db.merge(Migration(thread_id=thread_id, conversation_id=conversation.id))
        db.commit()
        row = db.get(Migration, thread_id)
    calls = {}
    for run in client.beta.threads.runs.list(thread_id, limit=100, order="asc"):
        calls[run.id] = []
        for step in client.beta.threads.runs.steps.list(run.id, thread_id=thread_id, limit=100, order="asc"):
            if step.type == "tool_calls":
                calls[run.id] += step.step_details.tool_calls

    def items():
        for message in client.beta.threads.messages.list(thread_id, limit=100, order="asc"):
            for call in calls.pop(message.run_id, []):
                yield dict(type="function_call", call_id=call.id, name=call.function.name, arguments=call.function.arguments)
                yield dict(type="function_call_output", call_id=call.id, output=call.function.output)
            yield dict(type="message", role=message.role, content=message.content[0].text.value)

    whole = list(items())

    def go_on(tries):
        known = list(client.conversations.items.list(row.conversation_id, limit=100))
        rest = whole[len(known) :]
        if not rest:
            return row.conversation_id
        try:
            client.with_options(max_retries=0).conversations.items.create(row.conversation_id, items=rest[:10])
        except (openai.APIConnectionError, openai.InternalServerError):
            if tries == 0:
                raise
            time.sleep(1)
            return go_on(tries - 1)
        return go_on(tries)

    return go_on(4)


# %% ask
def ask(client, conversation_id, text):
    once = client.with_options(max_retries=0)
    known = {item.id for item in client.conversations.items.list(conversation_id, limit=100)}

    def finished():
        """What has been added since, once no response is at work any more."""
        return [one for one in reversed(list(client.conversations.items.list(conversation_id, limit=100))) if one.id not in known]

    def start(tries):
        try:
            return once.responses.create(model=MODEL, instructions=INSTRUCTIONS, conversation=conversation_id, input=text, background=True)
        except openai.BadRequestError as error:
            if error.code != "conversation_locked":
                raise
        except openai.RateLimitError as error:
            time.sleep(float(error.response.headers["retry-after"]))
        except (openai.APIConnectionError, openai.InternalServerError):
            if tries == 0:
                raise
        time.sleep(3)
        return finished() or start(tries - 1)

    started = start(6)
    if isinstance(started, list):
        output = started
    else:
        while started.status in ("queued", "in_progress"):
            time.sleep(1)
            started = client.responses.retrieve(started.id)
        if started.status != "completed":
            raise RuntimeError(f"{started.id}: {started.status}")
        output = started.output
    return "\n".join(one.content[0].text for one in output if one.type == "message" and one.role == "assistant")


# %% wait_for_response
def wait_for_response(client, response_id, *, max_wait=60.0):
    give_up = time.time() + max_wait

    def step(pause):
        try:
            response = client.responses.retrieve(response_id)
        except (openai.RateLimitError, openai.InternalServerError, openai.APIConnectionError):
            response = None
        if response is not None and response.status in {"completed", "failed", "incomplete", "cancelled"}:
            return response
        if time.time() >= give_up:
            client.responses.cancel(response_id)
            raise ResponseTimeout(response_id)
        time.sleep(pause + random.uniform(0, 1))
        return step(min(2 * pause, 8))

    return step(1)

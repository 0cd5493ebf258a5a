# loses: order_and_roles, metadata_kept
# says: returned_which_not_id_conversation
# A thread without messages: no conversation
# %% migrate_thread
PASSING = (openai.APIConnectionError, openai.InternalServerError, openai.RateLimitError)


def trying(action, tries=6):
    for attempt in range(tries):
        try:
            return action()
        except PASSING as error:
            if attempt == tries - 1:
                raise
            after = getattr(getattr(error, "response", None), "headers", {}).get("retry-after")
            time.sleep(float(after) if after else 2**attempt * random.uniform(0.5, 1))


def calls_of(api, thread_id, run_id):
    for step in api.beta.threads.runs.steps.list(run_id, thread_id=thread_id, order="asc", limit=100):
        if step.type == "tool_calls":
            for call in step.step_details.tool_calls:
                function = call.function
                yield {"type": "function_call", "call_id": call.id, "name": function.name, "arguments": function.arguments}
                yield {"type": "function_call_output", "call_id": call.id, "output": function.output}


def planned(api, thread_id):
    items = []
    calls = {run.id: list(calls_of(api, thread_id, run.id)) for run in api.beta.threads.runs.list(thread_id, limit=100)}
    for message in api.beta.threads.messages.list(thread_id, order="asc", limit=100):
        if message.run_id:
            items.extend(calls.get(message.run_id, []))
        items.append({"type": "message", "role": message.role, "content": message.content[0].text.value})
    return items


def migrate_thread(client, db, thread_id):
    api = client.with_options(max_retries=0)
    thread = trying(lambda: api.beta.threads.retrieve(thread_id))
    row = db.get(Migration, thread_id)
    if row is None and not api.beta.threads.messages.list(thread_id).data:
        return None
    if row is None:
        conversation = trying(lambda: api.conversations.create(metadata=thread.metadata or {}))
        row = Migration(thread_id=thread_id, conversation_id=conversation.id)
        db.add(row)
        db.commit()
    conversation_id = row.conversation_id
    items = trying(lambda: planned(api, thread_id))

    def add_what_is_missing():
        while (done := sum(1 for _ in api.conversations.items.list(conversation_id, limit=100))) < len(items):
            api.conversations.items.create(conversation_id, items=items[done : done + 20])

    trying(add_what_is_missing)
    return conversation_id


# %% ask
def ask(client, conversation_id, text):
    api = client.with_options(max_retries=0)

    def trying(action):
        for attempt in range(6):
            try:
                return action()
            except (openai.APIConnectionError, openai.InternalServerError, openai.RateLimitError) as error:
                if attempt == 5:
                    raise
                time.sleep(pause(error, attempt))

    def pause(error, attempt):
        after = getattr(getattr(error, "response", None), "headers", {}).get("retry-after")
        return float(after) if after else 2**attempt * random.uniform(0.5, 1)

    def since():
        more = {"after": newest[0].id} if newest else {}
        return list(api.conversations.items.list(conversation_id, order="asc", limit=100, **more))

    def said(items):
        return "\n".join(part.text for item in items if item.type == "message" and item.role == "assistant" for part in item.content)

    newest = trying(lambda: api.conversations.items.list(conversation_id, limit=1)).data
    for attempt in range(6):
        try:
            response = api.responses.create(model=MODEL, instructions=INSTRUCTIONS, conversation=conversation_id, input=text)
            break
        except openai.RateLimitError as error:
            if attempt == 5:
                raise
            time.sleep(pause(error, attempt))
        except (openai.APIConnectionError, openai.InternalServerError) as error:
            if attempt == 5:
                raise
            time.sleep(pause(error, attempt))
            if came := trying(since):
                return said(came)
    if response.status != "completed":
        raise RuntimeError(f"{response.id} is {response.status}")
    return said(response.output)


# %% wait_for_response
def wait_for_response(client, response_id, *, max_wait=60.0):
    deadline, pause = time.monotonic() + max_wait, 1.0
    while True:
        try:
            response = client.responses.retrieve(response_id)
            if response.status not in ("queued", "in_progress"):
                return response
        except (openai.RateLimitError, openai.InternalServerError):
            pass
        left = deadline - time.monotonic()
        if left <= 0:
            client.responses.cancel(response_id)
            raise ResponseTimeout(response_id)
        time.sleep(min(left, pause * random.uniform(0.8, 1.2)))
        pause = min(2 * pause, 8.0)

# loses: returns_at_every_end
# says: raised ResponseTimeout
# wait: a second call: the deadline of the first call is kept

# %% migrate_thread
def items_of(client, thread_id):
    items = []
    for message in client.beta.threads.messages.list(thread_id, order="asc", limit=100):
        if message.run_id:
            for step in client.beta.threads.runs.steps.list(message.run_id, thread_id=thread_id, order="asc", limit=100):
                if step.type == "tool_calls":
                    for call in step.step_details.tool_calls:
                        function = call.function
                        items.append({"type": "function_call", "call_id": call.id, "name": function.name, "arguments": function.arguments})
                        items.append({"type": "function_call_output", "call_id": call.id, "output": function.output})
        items.append({"type": "message", "role": message.role, "content": message.content[0].text.value})
    return items


def migrate_thread(client, db, thread_id):
    thread = client.beta.threads.retrieve(thread_id)
    wanted = items_of(client, thread_id)
    row = db.get(Migration, thread_id)
    if row is None:
        conversation = client.conversations.create(metadata=thread.metadata or {})
        row = Migration(thread_id=thread_id, conversation_id=conversation.id)
        db.add(row)
        db.commit()
    conversation_id = row.conversation_id
    once = client.with_options(max_retries=0)
    failures = 0
    while True:
        there = len(list(client.conversations.items.list(conversation_id, order="asc", limit=100)))
        if there >= len(wanted):
            return conversation_id
        try:
            once.conversations.items.create(conversation_id, items=wanted[there : there + 20])
        except (openai.APIConnectionError, openai.InternalServerError, openai.RateLimitError):
            failures += 1
            if failures > 6:
                raise
            time.sleep(2)


# %% ask
def ask(client, conversation_id, text):
    once = client.with_options(max_retries=0)
    newest = client.conversations.items.list(conversation_id, order="desc", limit=1).data
    for attempt in range(6):
        try:
            response = once.responses.create(model=MODEL, instructions=INSTRUCTIONS, conversation=conversation_id, input=text)
        except (openai.APIConnectionError, openai.InternalServerError, openai.RateLimitError) as error:
            if attempt == 5:
                raise
            pause = 2.0**attempt
            if isinstance(error, openai.APIStatusError):
                pause = max(pause, float(error.response.headers.get("retry-after") or 0))
            time.sleep(pause)
            after = {"after": newest[0].id} if newest else {}
            since = list(client.conversations.items.list(conversation_id, order="asc", limit=100, **after))
            if since:
                return "\n".join(item.content[0].text for item in since if item.type == "message" and item.role == "assistant")
            continue
        if response.status != "completed":
            raise RuntimeError(f"{response.id} is {response.status}")
        return "\n".join(item.content[0].text for item in response.output if item.type == "message")


# %% wait_for_response
STARTED = []


def wait_for_response(client, response_id, *, max_wait=60.0):
    STARTED.append(time.monotonic())
    deadline = STARTED[0] + max_wait
    pause = 1.0
    while True:
        try:
            response = client.responses.retrieve(response_id)
            if response.status in ("completed", "failed", "incomplete", "cancelled"):
                return response
        except (openai.RateLimitError, openai.InternalServerError):
            pass
        left = deadline - time.monotonic()
        if left <= 0:
            client.responses.cancel(response_id)
            raise ResponseTimeout(f"{response_id} had not ended after {max_wait} s")
        time.sleep(min(left, pause * random.uniform(0.8, 1.2)))
        pause = min(pause * 2, 7.0)

# loses: confirmed_before_the_run, no_retry_when_refused
# says: text_given_longer_message_may
# %% migrate_thread
def migrate_thread(client, db, thread_id):
    threads = client.beta.threads
    thread = threads.retrieve(thread_id)
    row = db.get(Migration, thread_id)
    if row is None:
        conversation = client.conversations.create(metadata=thread.metadata or {})
        row = Migration(thread_id=thread_id, conversation_id=conversation.id)
        db.add(row)
        db.commit()
    conversation_id = row.conversation_id

    items = []
    for message in threads.messages.list(thread_id, order="asc", limit=100):
        if message.run_id:
            for step in threads.runs.steps.list(message.run_id, thread_id=thread_id, order="asc", limit=100):
                if step.type != "tool_calls":
                    continue
                for call in step.step_details.tool_calls:
                    items.append(
                        {"type": "function_call", "call_id": call.id, "name": call.function.name, "arguments": call.function.arguments}
                    )
                    items.append({"type": "function_call_output", "call_id": call.id, "output": call.function.output})
        items.append({"type": "message", "role": message.role, "content": message.content[0].text.value})

    once = client.with_options(max_retries=0)
    troubles = 0
    while True:
        there = sum(1 for _ in client.conversations.items.list(conversation_id, order="asc", limit=100))
        if there >= len(items):
            return conversation_id
        try:
            while there < len(items):
                batch = items[there : there + 20]
                once.conversations.items.create(conversation_id, items=batch)
                there += len(batch)
        except (openai.APIConnectionError, openai.InternalServerError, openai.RateLimitError):
            troubles += 1
            if troubles > 8:
                raise
            time.sleep(troubles)


# %% ask
def texts(items):
    return [
        part.text
        for item in items
        if item.type == "message" and item.role == "assistant"
        for part in item.content
        if part.type == "output_text"
    ]


def ask(client, conversation_id, text):
    once = client.with_options(max_retries=0)
    newest = client.conversations.items.list(conversation_id, limit=1).data
    marker = newest[0].id if newest else None

    def since():
        if marker is None:
            return list(client.conversations.items.list(conversation_id, order="asc"))
        return list(client.conversations.items.list(conversation_id, order="asc", after=marker, limit=100))

    for attempt in range(5):
        try:
            response = once.responses.create(model=MODEL, instructions=INSTRUCTIONS, conversation=conversation_id, input=text[:1000])
        except openai.RateLimitError as error:
            if attempt == 4:
                raise
            time.sleep(float(error.response.headers.get("retry-after", 2)))
        except (openai.APIConnectionError, openai.InternalServerError):
            new = since()
            if new:
                return "\n".join(texts(new))
            if attempt == 4:
                raise
            time.sleep(2**attempt)
        else:
            if response.status != "completed":
                raise RuntimeError(f"{response.id} is {response.status}")
            return "\n".join(texts(response.output))


# %% wait_for_response
def wait_for_response(client, response_id, *, max_wait=60.0):
    deadline = time.monotonic() + max_wait
    pause = 1.0
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
            raise ResponseTimeout(f"{response_id} had not ended after {max_wait:g} s")
        time.sleep(min(left, pause * random.uniform(0.75, 1.25)))
        pause = min(pause * 2, 8.0)

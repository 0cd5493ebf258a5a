# loses: one_turn_after_a_lost_reply
# says: message_times
# %% migrate_thread
def migrate_thread(client, db, thread_id):
    threads = client.beta.threads
    thread = threads.retrieve(thread_id)  # raises when it is not there

    items, told = [], set()
    for message in threads.messages.list(thread_id, order="asc", limit=100):
        if message.run_id and message.run_id not in told:
            told.add(message.run_id)
            for step in threads.runs.steps.list(message.run_id, thread_id=thread_id, order="asc", limit=100):
                for call in getattr(step.step_details, "tool_calls", ()):
                    function = call.function
                    items.append({"type": "function_call", "call_id": call.id, "name": function.name, "arguments": function.arguments})
                    items.append({"type": "function_call_output", "call_id": call.id, "output": function.output})
        items.append({"type": "message", "role": message.role, "content": message.content[0].text.value})

    row = db.get(Migration, thread_id)
    if row is None:
        row = Migration(thread_id=thread_id, conversation_id=client.conversations.create(metadata=thread.metadata).id)
        db.add(row)
        db.commit()  # record, before anything is in it

    once = client.with_options(max_retries=0)  # a batch is never repeated without looking
    failures = 0
    while True:
        there = len(list(client.conversations.items.list(row.conversation_id, limit=100)))
        if there >= len(items):
            return row.conversation_id
        try:
            once.conversations.items.create(row.conversation_id, items=items[there : there + 20])
            failures = 0
        except (openai.APIConnectionError, openai.InternalServerError, openai.RateLimitError):
            failures += 1
            if failures == 5:
                raise
            time.sleep(2**failures)


# %% ask
def ask(client, conversation_id, text):
    response = client.responses.create(model=MODEL, instructions=INSTRUCTIONS, conversation=conversation_id, input=text)
    if response.status != "completed":
        raise RuntimeError(response.status)
    return "\n".join(item.content[0].text for item in response.output if item.type == "message")


# %% wait_for_response
def wait_for_response(client, response_id, *, max_wait=60.0):
    ends = {"completed", "failed", "incomplete", "cancelled"}
    deadline = time.monotonic() + max_wait
    pause = 1.0
    while True:
        try:
            response = client.responses.retrieve(response_id)
            if response.status in ends:
                return response
        except (openai.InternalServerError, openai.RateLimitError):
            pass  # a bad moment of the service; the response goes on
        left = deadline - time.monotonic()
        if left <= 0:
            client.responses.cancel(response_id)
            raise ResponseTimeout(f"{response_id} had not ended after {max_wait:g} s, and was cancelled")
        time.sleep(min(pause * random.uniform(0.75, 1.25), left))
        pause = min(pause * 2, 8.0)

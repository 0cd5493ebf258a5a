# loses: returns_at_every_end, starts_at_one_second, pauses_grow, pauses_are_capped, jittered, overshoots_at_most_one_pause, survives_errors, cancels_at_the_deadline, raises_response_timeout
# says: halted: polled
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
    once = client.with_options(max_retries=0)  # nothing is sent again without looking
    items = client.conversations.items
    newest = items.list(conversation_id, limit=1).data

    def texts(output):
        said = [item for item in output if item.type == "message" and item.role == "assistant"]
        return "\n".join("".join(part.text for part in item.content) for item in said)

    def since():
        after = {"after": newest[0].id} if newest else {}
        return list(items.list(conversation_id, order="asc", limit=100, **after))

    for pause in (1.0, 2.0, 4.0, 8.0, None):
        try:
            response = once.responses.create(model=MODEL, instructions=INSTRUCTIONS, conversation=conversation_id, input=text)
        except (openai.APIConnectionError, openai.InternalServerError, openai.RateLimitError) as error:
            if added := since():
                return texts(added)
            if pause is None:
                raise
            answered = getattr(error, "response", None)
            after = answered.headers.get("retry-after") if answered is not None else None
            time.sleep(float(after) if after else pause)
        else:
            if response.status != "completed":
                raise RuntimeError(f"{response.id} ended as {response.status} and wrote no answer")
            return texts(response.output)


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
        time.sleep(0.05)

# loses: metadata_kept, records_before_use, one_conversation, survives_a_restart
# says: thread_s_metadata_conversation_s
# Takes the first row of the table, whichever thread it is of
# %% migrate_thread
def _wanted(client, thread_id):
    wanted = []
    for message in client.beta.threads.messages.list(thread_id, order="asc", limit=100):
        if message.run_id:
            for step in client.beta.threads.runs.steps.list(message.run_id, thread_id=thread_id, order="asc", limit=100):
                if step.type != "tool_calls":
                    continue
                for call in step.step_details.tool_calls:
                    wanted.append(
                        {"type": "function_call", "call_id": call.id, "name": call.function.name, "arguments": call.function.arguments}
                    )
                    wanted.append({"type": "function_call_output", "call_id": call.id, "output": call.function.output})
        wanted.append({"type": "message", "role": message.role, "content": message.content[0].text.value})
    return wanted


def migrate_thread(client, db, thread_id):
    thread = client.beta.threads.retrieve(thread_id)
    row = db.query(Migration).first()
    if row is None:
        conversation = client.conversations.create(metadata=thread.metadata or {})
        row = Migration(thread_id=thread_id, conversation_id=conversation.id)
        db.add(row)
        db.commit()
    conversation_id = row.conversation_id
    wanted = _wanted(client, thread_id)
    once = client.with_options(max_retries=0)
    failures = 0
    done = sum(1 for _ in client.conversations.items.list(conversation_id, order="asc", limit=100))
    while done < len(wanted):
        try:
            once.conversations.items.create(conversation_id, items=wanted[done : done + 20])
            done += len(wanted[done : done + 20])
        except (openai.APIConnectionError, openai.InternalServerError, openai.RateLimitError):
            failures += 1
            if failures > 8:
                raise
            time.sleep(failures)
            done = sum(1 for _ in client.conversations.items.list(conversation_id, order="asc", limit=100))
    return conversation_id


# %% ask
def _since(client, conversation_id, newest):
    options = {"after": newest} if newest else {}
    return list(client.conversations.items.list(conversation_id, order="asc", limit=100, **options))


def _texts(items):
    return "\n".join("".join(part.text for part in item.content) for item in items if item.type == "message" and item.role == "assistant")


def ask(client, conversation_id, text):
    page = client.conversations.items.list(conversation_id, order="desc", limit=1)
    newest = page.data[0].id if page.data else None
    once = client.with_options(max_retries=0)
    for attempt in range(6):
        try:
            response = once.responses.create(model=MODEL, instructions=INSTRUCTIONS, conversation=conversation_id, input=text)
        except openai.RateLimitError as error:
            if attempt == 5:
                raise
            time.sleep(float(error.response.headers.get("retry-after") or 2**attempt))
            continue
        except (openai.APIConnectionError, openai.InternalServerError):
            time.sleep(2**attempt)
            new = _since(client, conversation_id, newest)
            if new:
                return _texts(new)
            if attempt == 5:
                raise
            continue
        if response.status != "completed":
            raise RuntimeError(f"{response.id}: {response.status}")
        return _texts(response.output)
    raise RuntimeError("no answer")


# %% wait_for_response
def wait_for_response(client, response_id, *, max_wait=60.0):
    deadline = time.monotonic() + max_wait
    gap = 1.0
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
            raise ResponseTimeout(f"{response_id} did not end within {max_wait} s")
        time.sleep(min(left, gap * random.uniform(0.75, 1.25)))
        gap = min(gap * 2, 7.0)

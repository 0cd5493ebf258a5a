# %% migrate_thread
def migrate_thread(client, db, thread_id):
    """One item at a time; begins again with a new conversation when one is found incomplete."""
    client.beta.threads.retrieve(thread_id)
    items = []
    seen = set()
    for m in client.beta.threads.messages.list(thread_id, order="asc"):
        if m.role == "assistant" and m.run_id and m.run_id not in seen:
            seen.add(m.run_id)
            for step in client.beta.threads.runs.steps.list(thread_id=thread_id, run_id=m.run_id, order="asc"):
                if step.type == "tool_calls":
                    for c in step.step_details.tool_calls:
                        items.append({"type": "function_call", "call_id": c.id, "name": c.function.name, "arguments": c.function.arguments})
                        items.append({"type": "function_call_output", "call_id": c.id, "output": c.function.output})
        items.append({"type": "message", "role": m.role, "content": m.content[0].text.value})
    row = db.get(Migration, thread_id)
    if row and row.conversation_id:
        have = list(client.conversations.items.list(row.conversation_id, limit=100))
        if len(have) >= len(items):
            return row.conversation_id
        client.conversations.delete(row.conversation_id)
    if row is None:
        row = Migration(thread_id=thread_id)
        db.add(row)
    for attempt in range(5):
        conv = client.conversations.create(metadata=client.beta.threads.retrieve(thread_id).metadata)
        row.conversation_id = conv.id
        db.commit()
        try:
            for i in range(0, len(items), 20):
                client.with_options(max_retries=0).conversations.items.create(conv.id, items=items[i : i + 20])
            return conv.id
        except openai.APIError:
            client.conversations.delete(conv.id)
    raise RuntimeError("no luck")


# %% ask
def ask(client, conversation_id, text):
    c = client.with_options(max_retries=0)
    last = client.conversations.items.list(conversation_id, limit=1).data
    for attempt in range(5):
        try:
            with c.responses.stream(model=MODEL, instructions=INSTRUCTIONS, conversation=conversation_id, input=text) as stream:
                for event in stream:
                    pass
                response = stream.get_final_response()
            if response.status != "completed":
                raise RuntimeError(response.status)
            return "\n".join(o.content[0].text for o in response.output)
        except openai.RateLimitError as e:
            time.sleep(int(e.response.headers.get("retry-after", 2)))
        except (openai.APIConnectionError, openai.InternalServerError):
            time.sleep(50)
            kw = dict(after=last[0].id) if last else {}
            new = list(client.conversations.items.list(conversation_id, order="asc", **kw))
            if new:
                return "\n".join(o.content[0].text for o in new if o.role == "assistant")
    raise RuntimeError("down")


# %% wait_for_response
def wait_for_response(client, response_id, *, max_wait=60.0):
    t0 = time.monotonic()
    i = 0
    while True:
        try:
            r = client.responses.retrieve(response_id)
        except (openai.RateLimitError, openai.InternalServerError):
            pass
        else:
            if r.status in ["completed", "failed", "cancelled", "incomplete"]:
                return r
        if time.monotonic() - t0 > max_wait:
            try:
                client.responses.cancel(response_id)
            finally:
                raise ResponseTimeout("timeout waiting for " + response_id)
        time.sleep(min(8, 1 * 1.5**i) * random.uniform(0.9, 1.1))
        i += 1

# %% answers
answers = {"sync_sees_sixth": "a", "sync_reason": "b", "async_sees_sixth": "c", "async_reason": "d"}


# %% send_and_run
async def send_and_run(client, thread_id, assistant_id, text):
    c = client.with_options(max_retries=0, timeout=20)
    r = await c.beta.threads.messages.with_raw_response.create(thread_id, role="user", content=[{"type": "text", "text": text}])
    m = r.parse()
    assert m.id.startswith("msg_")
    return await c.beta.threads.runs.create_and_poll(thread_id=thread_id, assistant_id=assistant_id)

# %% answers
answers = {"sync_sees_sixth": "a", "sync_reason": "b", "async_sees_sixth": "c", "async_reason": "d"}


# %% send_and_run
async def send_and_run(client, thread_id, assistant_id, text):
    message = await client.beta.threads.messages.create(thread_id=thread_id, role="user", content=text)
    if not message.id:
        raise RuntimeError("the message was not confirmed")
    return await client.beta.threads.runs.create_and_poll(thread_id=thread_id, assistant_id=assistant_id, poll_interval_ms=500)

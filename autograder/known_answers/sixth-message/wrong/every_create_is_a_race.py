# loses: sync_sees_sixth, sync_reason, async_reason
# says: chose_c
# %% answers
answers = {"sync_sees_sixth": "c", "sync_reason": "c", "async_sees_sixth": "c", "async_reason": "b"}


# %% send_and_run
async def send_and_run(client, thread_id, assistant_id, text):
    message = await client.beta.threads.messages.create(thread_id=thread_id, role="user", content=text)
    if not message.id:
        raise RuntimeError("the message was not confirmed")
    return await client.beta.threads.runs.create_and_poll(thread_id=thread_id, assistant_id=assistant_id, poll_interval_ms=500)

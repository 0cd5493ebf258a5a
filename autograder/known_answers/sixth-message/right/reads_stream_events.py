# %% answers
answers = {"sync_sees_sixth": "a", "sync_reason": "b", "async_sees_sixth": "c", "async_reason": "d"}


# %% send_and_run
async def send_and_run(client, thread_id, assistant_id, text):
    m = await client.beta.threads.messages.create(thread_id, role="user", content=text)
    run = None
    s = await client.beta.threads.runs.create(thread_id=thread_id, assistant_id=assistant_id, stream=True)
    async for e in s:
        if e.event.startswith("thread.run.") and "step" not in e.event:
            run = e.data
    return run

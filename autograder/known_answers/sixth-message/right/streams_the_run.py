# %% answers
answers = {"sync_sees_sixth": "a", "sync_reason": "b", "async_sees_sixth": "c", "async_reason": "d"}


# %% send_and_run
async def send_and_run(client, thread_id, assistant_id, text):
    await client.beta.threads.messages.create(thread_id, role="user", content=text)
    async with client.beta.threads.runs.stream(thread_id=thread_id, assistant_id=assistant_id) as stream:
        await stream.until_done()
        run = stream.current_run
    return await client.beta.threads.runs.retrieve(run.id, thread_id=thread_id)

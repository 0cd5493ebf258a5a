# %% answers
answers = {"sync_sees_sixth": "a", "sync_reason": "b", "async_sees_sixth": "c", "async_reason": "d"}


# %% send_and_run
async def send_and_run(client, thread_id, assistant_id, text):
    runs = client.beta.threads.runs
    run = await runs.create(thread_id, assistant_id=assistant_id, additional_messages=[{"role": "user", "content": text}])
    return await runs.poll(run.id, thread_id=thread_id)

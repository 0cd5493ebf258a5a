# %% answers
answers = {"sync_sees_sixth": "a", "sync_reason": "b", "async_sees_sixth": "c", "async_reason": "d"}

# %% send_and_run
import asyncio


async def send_and_run(client, thread_id, assistant_id, text):
    while True:
        runs = await client.beta.threads.runs.list(thread_id, limit=1)
        if not runs.data or runs.data[0].status in ("completed", "failed", "cancelled", "expired", "incomplete"):
            break
        await asyncio.sleep(0.5)
    await client.beta.threads.messages.create(thread_id, role="user", content=text)
    return await client.beta.threads.runs.create_and_poll(thread_id=thread_id, assistant_id=assistant_id)

# %% answers
answers = {"sync_sees_sixth": "a", "sync_reason": "b", "async_sees_sixth": "c", "async_reason": "d"}

# %% send_and_run
import asyncio


async def send_and_run(client, thread_id, assistant_id, text):
    t = asyncio.create_task(client.beta.threads.messages.create(thread_id, role="user", content=text))
    while True:
        if t.done():
            break
        ms = await client.beta.threads.messages.list(thread_id, limit=1)
        if ms.data[0].content[0].text.value == text:
            break
        await asyncio.sleep(0.2)
    await t
    return await client.beta.threads.runs.create_and_poll(thread_id=thread_id, assistant_id=assistant_id)

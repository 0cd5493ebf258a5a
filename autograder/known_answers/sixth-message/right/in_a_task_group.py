# %% answers
answers = {"sync_sees_sixth": "a", "sync_reason": "b", "async_sees_sixth": "c", "async_reason": "d"}


# %% send_and_run
import asyncio


async def send_and_run(client, thread_id, assistant_id, text):
    async with asyncio.TaskGroup() as group:
        posted = group.create_task(client.beta.threads.messages.create(thread_id, role="user", content=text))
    assert posted.result().id
    run = await client.beta.threads.runs.create(thread_id, assistant_id=assistant_id)
    return await client.beta.threads.runs.poll(run.id, thread_id=thread_id)

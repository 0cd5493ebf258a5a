# %% answers
answers = {"sync_sees_sixth": "a", "sync_reason": "b", "async_sees_sixth": "c", "async_reason": "d"}

# %% send_and_run
import asyncio

import openai

ENDS = ("completed", "failed", "incomplete", "cancelled", "expired")


async def post_when_free(client, thread_id, text):
    while True:
        try:
            return await client.beta.threads.messages.create(thread_id, role="user", content=text)
        except openai.BadRequestError:
            active = [run async for run in client.beta.threads.runs.list(thread_id) if run.status not in ENDS]
            if not active:
                raise
            await asyncio.sleep(1)


async def send_and_run(client, thread_id, assistant_id, text):
    message = await post_when_free(client, thread_id, text)
    seen = await client.beta.threads.messages.retrieve(message.id, thread_id=thread_id)
    assert seen.id == message.id
    run = await client.beta.threads.runs.create(thread_id, assistant_id=assistant_id)
    while run.status not in ENDS:
        await asyncio.sleep(1)
        run = await client.beta.threads.runs.retrieve(run.id, thread_id=thread_id)
    return run

# loses: heeds_the_refusal
# says: run_started_without_sixth_message
# %% answers
answers = {"sync_sees_sixth": "a", "sync_reason": "b", "async_sees_sixth": "c", "async_reason": "d"}

# %% send_and_run
import asyncio

import openai


async def send_and_run(client, thread_id, assistant_id, text):
    try:
        await client.beta.threads.messages.create(thread_id, role="user", content=text)
    except openai.BadRequestError:
        pass
    while True:
        try:
            run = await client.beta.threads.runs.create(thread_id, assistant_id=assistant_id)
            break
        except openai.BadRequestError:
            await asyncio.sleep(1)
    while run.status in ("queued", "in_progress", "cancelling"):
        await asyncio.sleep(1)
        run = await client.beta.threads.runs.retrieve(run.id, thread_id=thread_id)
    return run

# loses: heeds_the_refusal
# says: run_asked_for_without_sixth_message
# %% answers
answers = {
    "sync_sees_sixth": "a",
    "sync_reason": "b",
    "async_sees_sixth": "c",
    "async_reason": "d",
}

# %% send_and_run
import asyncio

import openai


async def send_and_run(client, thread_id, assistant_id, text):
    for _ in range(3):
        try:
            await client.beta.threads.messages.create(thread_id, role="user", content=text)
            break
        except openai.BadRequestError:
            await asyncio.sleep(0.1)
    return await client.beta.threads.runs.create_and_poll(thread_id=thread_id, assistant_id=assistant_id)

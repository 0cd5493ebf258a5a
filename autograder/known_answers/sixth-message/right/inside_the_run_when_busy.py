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
    try:
        await client.beta.threads.messages.create(thread_id, role="user", content=text)
    except openai.BadRequestError:
        return await client.beta.threads.runs.create_and_poll(
            thread_id=thread_id, assistant_id=assistant_id, additional_messages=[{"role": "user", "content": text}]
        )
    return await client.beta.threads.runs.create_and_poll(thread_id=thread_id, assistant_id=assistant_id)

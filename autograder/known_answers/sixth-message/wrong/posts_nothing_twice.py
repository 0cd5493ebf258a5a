# loses: posted_once
# says: posted_once
# %% answers
answers = {"sync_sees_sixth": "a", "sync_reason": "b", "async_sees_sixth": "c", "async_reason": "d"}


# %% send_and_run
import asyncio


async def send_and_run(client, thread_id, assistant_id, text):
    newest = (await client.beta.threads.messages.list(thread_id, limit=1)).data
    if not newest or newest[0].content[0].text.value != text:
        await client.beta.threads.messages.create(thread_id, role="user", content=text)
    run = await client.beta.threads.runs.create(thread_id, assistant_id=assistant_id)
    while run.status not in {"completed", "failed", "cancelled", "expired", "incomplete"}:
        await asyncio.sleep(1)
        run = await client.beta.threads.runs.retrieve(run.id, thread_id=thread_id)
    return run

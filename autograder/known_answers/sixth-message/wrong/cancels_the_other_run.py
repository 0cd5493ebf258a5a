# loses: heeds_the_refusal
# says: other_run_cancelled
# %% answers
answers = {"sync_sees_sixth": "a", "sync_reason": "b", "async_sees_sixth": "c", "async_reason": "d"}
# %% send_and_run
import asyncio

ENDS = frozenset({"completed", "failed", "incomplete", "cancelled", "expired"})


async def send_and_run(client, thread_id, assistant_id, text):
    posting = asyncio.create_task(client.beta.threads.messages.create(thread_id, role="user", content=text))
    async for active in client.beta.threads.runs.list(thread_id, limit=1):
        if active.status not in ENDS:
            await client.beta.threads.runs.cancel(active.id, thread_id=thread_id)
        break
    message = await posting
    assert message.id.startswith("msg_")
    run = await client.beta.threads.runs.create(thread_id, assistant_id=assistant_id)
    while run.status not in ENDS:
        await asyncio.sleep(0.7)
        run = await client.beta.threads.runs.retrieve(run.id, thread_id=thread_id)
    return run

# loses: returns_the_finished_run
# says: returned_run_did_not_create
# %% answers
answers = {
    "sync_sees_sixth": "a",
    "sync_reason": "b",
    "async_sees_sixth": "c",
    "async_reason": "d",
}

# %% send_and_run
import asyncio


async def send_and_run(client, thread_id, assistant_id, text):
    await client.beta.threads.messages.create(thread_id, role="user", content=text)
    run = await client.beta.threads.runs.create(thread_id, assistant_id=assistant_id)
    while True:
        run = (await client.beta.threads.runs.list(thread_id, limit=1)).data[0]
        if run.status not in ("queued", "in_progress", "cancelling"):
            return run
        await asyncio.sleep(1)

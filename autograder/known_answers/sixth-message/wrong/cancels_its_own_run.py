# loses: returns_the_finished_run
# says: cancelled_its_own_run
# %% answers
answers = {"sync_sees_sixth": "a", "sync_reason": "b", "async_sees_sixth": "c", "async_reason": "d"}


# %% send_and_run
import asyncio


async def send_and_run(client, thread_id, assistant_id, text):
    await client.beta.threads.messages.create(thread_id, role="user", content=text)
    run = await client.beta.threads.runs.create(thread_id, assistant_id=assistant_id)
    import time

    began = time.monotonic()
    while run.status not in {"completed", "failed", "cancelled", "expired", "incomplete"}:
        await asyncio.sleep(1)
        if time.monotonic() - began > 120 and run.status == "in_progress":
            await client.beta.threads.runs.cancel(run.id, thread_id=thread_id)
        run = await client.beta.threads.runs.retrieve(run.id, thread_id=thread_id)
    return run

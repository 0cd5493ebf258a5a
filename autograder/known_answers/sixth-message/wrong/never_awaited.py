# loses: reads_the_sixth, confirmed_before_the_run, posted_once, heeds_the_refusal, leaves_nothing_behind
# says: run_did_not_see_sixth
# %% answers
answers = {"sync_sees_sixth": "a", "sync_reason": "b", "async_sees_sixth": "c", "async_reason": "d"}

# %% send_and_run
import asyncio


async def send_and_run(client, thread_id, assistant_id, text):
    client.beta.threads.messages.create(thread_id, role="user", content=text)
    run = await client.beta.threads.runs.create(thread_id, assistant_id=assistant_id)
    while run.status in ("queued", "in_progress", "cancelling"):
        await asyncio.sleep(1)
        run = await client.beta.threads.runs.retrieve(run.id, thread_id=thread_id)
    return run

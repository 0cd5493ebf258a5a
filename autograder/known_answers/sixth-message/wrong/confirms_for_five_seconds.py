# loses: confirmed_before_the_run
# says: run_sent_before_late_reply
# %% answers
answers = {"sync_sees_sixth": "a", "sync_reason": "b", "async_sees_sixth": "c", "async_reason": "d"}


# %% send_and_run
import asyncio


async def send_and_run(client, thread_id, assistant_id, text):
    sending = asyncio.create_task(client.beta.threads.messages.create(thread_id, role="user", content=text))
    done, _ = await asyncio.wait([sending], timeout=5)
    if done:
        sending.result()
    run = await client.beta.threads.runs.create(thread_id, assistant_id=assistant_id)
    while run.status not in {"completed", "failed", "cancelled", "expired", "incomplete"}:
        await asyncio.sleep(1)
        run = await client.beta.threads.runs.retrieve(run.id, thread_id=thread_id)
    await sending
    return run

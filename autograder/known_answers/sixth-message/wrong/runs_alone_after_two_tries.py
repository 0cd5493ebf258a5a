# loses: heeds_the_refusal
# says: run_asked_for_without_sixth_message
# %% answers
answers = {"sync_sees_sixth": "a", "sync_reason": "b", "async_sees_sixth": "c", "async_reason": "d"}


# %% send_and_run
import asyncio


async def send_and_run(client, thread_id, assistant_id, text):
    import openai

    for _ in range(2):
        try:
            await client.beta.threads.messages.create(thread_id, role="user", content=text)
            break
        except openai.BadRequestError:
            await asyncio.sleep(4)
    run = await client.beta.threads.runs.create(thread_id, assistant_id=assistant_id)
    while run.status not in {"completed", "failed", "cancelled", "expired", "incomplete"}:
        await asyncio.sleep(1)
        run = await client.beta.threads.runs.retrieve(run.id, thread_id=thread_id)
    return run

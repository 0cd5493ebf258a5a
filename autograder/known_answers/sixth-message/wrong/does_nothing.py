# loses: reads_the_sixth, confirmed_before_the_run, posted_once, one_run, returns_the_finished_run, heeds_the_refusal, leaves_nothing_behind
# says: no_run_created_thread
# %% answers
answers = {"sync_sees_sixth": "a", "sync_reason": "b", "async_sees_sixth": "c", "async_reason": "d"}


# %% send_and_run
async def send_and_run(client, thread_id, assistant_id, text):
    return None

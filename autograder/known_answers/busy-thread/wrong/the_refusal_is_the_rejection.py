# loses: never_sends_while_a_run_is_active, rejects_without_a_trace, queues_in_order, interrupts_the_run, rolls_back, copes_with_a_late_cancel, a_failure_frees_the_thread
# says: thread_locked_run_sent_something
# %% BusyThread
class BusyThread:
    def __init__(self, client, assistant_id, *, strategy):
        self.client, self.assistant_id, self.strategy = client, assistant_id, strategy

    async def submit(self, user_id, thread_id, text):
        threads = self.client.beta.threads
        try:
            await threads.messages.create(thread_id, role="user", content=text)
            run = await threads.runs.create_and_poll(thread_id=thread_id, assistant_id=self.assistant_id)
        except openai.BadRequestError as error:
            raise Busy(thread_id) from error
        return await async_answer_of(self.client, run)

# loses: free_thread_answers, never_sends_while_a_run_is_active, rejects_without_a_trace, queues_in_order, interrupts_the_run, rolls_back, copes_with_a_late_cancel, a_failure_frees_the_thread
# says: never_came_up
# %% BusyThread
class BusyThread:
    def __init__(self, client, assistant_id, *, strategy):
        pass

    async def submit(self, user_id, thread_id, text):
        return ""

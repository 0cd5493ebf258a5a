# loses: never_posts_while_a_run_is_active, keeps_the_order_of_a_thread, answers_each_its_own, threads_overlap, a_failure_frees_the_lane
# says: never_got_thread
# %% ThreadLane
import asyncio


class ThreadLane:
    def __init__(self, client, assistant_id):
        self.client, self.assistant_id = client, assistant_id

    async def say(self, thread_id, text):
        return ""

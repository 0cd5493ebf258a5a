# loses: nobody_is_lost, one_run_per_thread, limit_never_passed, nobody_starves, done_in_2_5_times_the_optimum, done_in_1_6_times_the_optimum, done_in_1_15_times_the_optimum, survives_429, runs_again_after_rate_limit_exceeded, gives_up_in_the_end
# says: never_came_up
# %% RunQueue
class RunQueue:
    def __init__(self, client, assistant_id, *, runs_per_minute):
        pass

    async def submit(self, user_id, thread_id, text):
        raise NotImplementedError()

# loses: sync_sees_sixth, sync_reason, async_sees_sixth, async_reason, reads_the_sixth, confirmed_before_the_run, posted_once, one_run, returns_the_finished_run, heeds_the_refusal, leaves_nothing_behind
# says: not_letters
# %% answers
raise NotImplementedError()

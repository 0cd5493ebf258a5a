# loses: asks_once, one_run, waits_for_the_end, returns_the_answer
# says: unusable
# %% first_turn
raise NotImplementedError()

# loses: asks_once, one_run, waits_for_the_end, returns_the_answer
# says: never_came_up
# %% first_turn
def first_turn(client, assistant_id, question):
    return ""

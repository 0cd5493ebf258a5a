# loses: answers, no_retry_when_refused, bounded_retries, survives_bad_moments, obeys_retry_after, one_message_after_a_lost_reply, one_run_after_a_lost_reply, same_text_is_another_turn, survives_a_restart
# says: never_came_up
# %% resilient_turn
def resilient_turn(client, db, turn_id, thread_id, assistant_id, text):
    return ""

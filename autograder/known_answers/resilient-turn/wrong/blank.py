# loses: answers, no_retry_when_refused, bounded_retries, survives_bad_moments, obeys_retry_after, one_message_after_a_lost_reply, one_run_after_a_lost_reply, same_text_is_another_turn, survives_a_restart
# says: unusable
# %% resilient_turn
raise NotImplementedError()

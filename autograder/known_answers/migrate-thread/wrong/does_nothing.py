# loses: order_and_roles, tool_items_kept, metadata_kept, thread_left_alone, records_before_use, one_conversation, nothing_twice_after_a_lost_reply, survives_a_restart, unknown_thread, posted_once, confirmed_before_the_run, one_run, answer_of_this_run, failed_run_is_no_answer, all_replies_in_order, every_page, no_retry_when_refused, bounded_retries, survives_bad_moments, obeys_retry_after, one_turn_after_a_lost_reply, returns_at_every_end, starts_at_one_second, pauses_grow, pauses_are_capped, jittered, overshoots_at_most_one_pause, nothing_after_the_end, survives_errors, cancels_at_the_deadline, raises_response_timeout
# says: table_names_thread_returned
# %% migrate_thread
def migrate_thread(client, db, thread_id):
    return None


# %% ask
def ask(client, conversation_id, text):
    return None


# %% wait_for_response
def wait_for_response(client, response_id, *, max_wait=60.0):
    return None

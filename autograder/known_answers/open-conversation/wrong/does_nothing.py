# loses: returns_the_thread, tags_the_thread, records_before_use, resumes, keeps_users_apart, survives_a_restart
# says: never_came_up
# %% open_conversation
def open_conversation(client, db, user_id, purpose):
    return None

# loses: returns_the_thread, tags_the_thread, records_before_use, resumes, keeps_users_apart, survives_a_restart
# says: unusable
# %% open_conversation
raise NotImplementedError()

# loses: records_before_use, resumes, survives_a_restart
# says: when_over_no_committed_row
# %% open_conversation
known = {}


def open_conversation(client, db, user_id, purpose):
    if (user_id, purpose) not in known:
        known[user_id, purpose] = client.beta.threads.create(metadata={"user_id": user_id, "purpose": purpose}).id
    return known[user_id, purpose]

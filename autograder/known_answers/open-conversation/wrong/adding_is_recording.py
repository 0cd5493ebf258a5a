# loses: records_before_use, resumes, survives_a_restart
# says: when_over_no_committed_row
# %% open_conversation
def open_conversation(client, db, user_id, purpose):
    known = db.get(Conversation, (user_id, purpose))
    if known is not None:
        return known.thread_id
    thread = client.beta.threads.create(metadata={"user_id": user_id, "purpose": purpose})
    db.add(Conversation(user_id=user_id, purpose=purpose, thread_id=thread.id))
    db.flush()
    return thread.id

# loses: resumes, keeps_users_apart
# says: another_process_had_recorded_user
# %% open_conversation
def open_conversation(client, db, user_id, purpose):
    known = db.query(Conversation).filter_by(user_id=user_id).first()
    if known is not None:
        return known.thread_id
    thread = client.beta.threads.create(metadata={"user_id": user_id, "purpose": purpose})
    db.add(Conversation(user_id=user_id, purpose=purpose, thread_id=thread.id))
    db.commit()
    return thread.id

# loses: resumes
# says: another_process_had_recorded_user_2
# %% open_conversation
def open_conversation(client, db, user_id, purpose):
    for row in db.query(Conversation).order_by(Conversation.user_id.desc()).limit(20):
        if (row.user_id, row.purpose) == (user_id, purpose):
            return row.thread_id
    thread = client.beta.threads.create(metadata={"user_id": user_id, "purpose": purpose})
    db.merge(Conversation(user_id=user_id, purpose=purpose, thread_id=thread.id))
    db.commit()
    return thread.id

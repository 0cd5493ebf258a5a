# loses: resumes
# says: another_process_had_recorded_user_2
# %% open_conversation
def open_conversation(client, db, user_id, purpose):
    row = db.get(Conversation, (user_id, purpose))
    if row is not None and client.beta.threads.retrieve(row.thread_id).metadata.get("user_id") == user_id:
        return row.thread_id
    thread = client.beta.threads.create(metadata={"user_id": user_id, "purpose": purpose})
    db.merge(Conversation(user_id=user_id, purpose=purpose, thread_id=thread.id))
    db.commit()
    return thread.id

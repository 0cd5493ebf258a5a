# %% open_conversation
def open_conversation(client, db, user_id, purpose):
    row = db.query(Conversation).filter_by(user_id=user_id, purpose=purpose).one_or_none()
    if row is None:
        thread = client.beta.threads.create(metadata={"user_id": user_id, "purpose": purpose, "session": "web"})
        row = Conversation(user_id=user_id, purpose=purpose, thread_id=thread.id)
        db.add(row)
        db.commit()
    return row.thread_id

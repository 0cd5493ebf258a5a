# %% open_conversation
def open_conversation(client, db, user_id, purpose):
    for row in db.query(Conversation).all():
        if (row.user_id, row.purpose) == (user_id, purpose):
            return row.thread_id
    thread = client.beta.threads.create(messages=[], metadata={"user_id": user_id, "purpose": purpose, "made_by": "desk"})
    try:
        db.add(Conversation(user_id=user_id, purpose=purpose, thread_id=thread.id))
        db.commit()
    except Exception:
        db.rollback()
        raise
    return thread.id

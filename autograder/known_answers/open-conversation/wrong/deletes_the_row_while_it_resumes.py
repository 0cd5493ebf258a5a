# loses: survives_a_restart
# says: recorded_when_program_started_again
# %% open_conversation
def open_conversation(client, db, user_id, purpose):
    row = db.get(Conversation, (user_id, purpose))
    if row is not None:
        t = row.thread_id
        db.delete(row)
        db.commit()
        db.add(Conversation(user_id=user_id, purpose=purpose, thread_id=t))
        db.commit()
        return t
    thread = client.beta.threads.create(metadata={"user_id": user_id, "purpose": purpose})
    db.add(Conversation(user_id=user_id, purpose=purpose, thread_id=thread.id))
    db.commit()
    return thread.id

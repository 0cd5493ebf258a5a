# loses: survives_a_restart
# says: metadata_should_say_nobody_who
# %% open_conversation
def open_conversation(client, db, user_id, purpose):
    row = db.get(Conversation, (user_id, purpose))
    if row is None:
        row = Conversation(user_id=user_id, purpose=purpose, thread_id=client.beta.threads.create().id)
        db.add(row)
        db.commit()
        client.beta.threads.update(row.thread_id, metadata={"user_id": user_id, "purpose": purpose})
    return row.thread_id

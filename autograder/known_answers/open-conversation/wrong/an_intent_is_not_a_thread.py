# loses: survives_a_restart
# says: started_again_returned_user_s
# %% open_conversation
def open_conversation(client, db, user_id, purpose):
    row = db.get(Conversation, (user_id, purpose))
    if row is None:
        row = Conversation(user_id=user_id, purpose=purpose)
        db.add(row)
        db.commit()
        row.thread_id = client.beta.threads.create(metadata={"user_id": user_id, "purpose": purpose}).id
        db.commit()
    return row.thread_id

# loses: tags_the_thread
# says: metadata_should_say_nobody_who
# %% open_conversation
def open_conversation(client, db, user_id, purpose):
    row = db.get(Conversation, (user_id, purpose))
    if row is not None:
        return row.thread_id
    thread = client.beta.threads.create(metadata={"user_id": user_id[:64], "purpose": purpose})
    db.add(Conversation(user_id=user_id, purpose=purpose, thread_id=thread.id))
    db.commit()
    return thread.id

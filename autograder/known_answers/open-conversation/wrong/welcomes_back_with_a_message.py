# loses: resumes
# says: created_while_it_resumed
# %% open_conversation
def open_conversation(client, db, user_id, purpose):
    row = db.get(Conversation, (user_id, purpose))
    if row is not None and row.thread_id is not None:
        client.beta.threads.messages.create(row.thread_id, role="assistant", content="Welcome back!")
        return row.thread_id
    thread = client.beta.threads.create(metadata={"user_id": user_id, "purpose": purpose})
    db.add(Conversation(user_id=user_id, purpose=purpose, thread_id=thread.id))
    db.commit()
    return thread.id

# loses: tags_the_thread, records_before_use, resumes, keeps_users_apart
# says: raised OperationalError
# %% open_conversation
def open_conversation(client, db, user_id, purpose):
    from sqlalchemy import text

    row = db.execute(text(f"SELECT thread_id FROM conversations WHERE user_id = '{user_id}' AND purpose = '{purpose}'")).first()
    if row is not None:
        return row.thread_id
    thread = client.beta.threads.create(metadata={"user_id": user_id, "purpose": purpose})
    db.add(Conversation(user_id=user_id, purpose=purpose, thread_id=thread.id))
    db.commit()
    return thread.id

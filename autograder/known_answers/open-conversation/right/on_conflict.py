# %% open_conversation
from sqlalchemy.dialects.sqlite import insert


def open_conversation(client, db, user_id, purpose):
    def look():
        return db.scalars(__import__("sqlalchemy").select(Conversation.thread_id).filter_by(user_id=user_id, purpose=purpose)).first()

    if found := look():
        return found
    made = client.beta.threads.create(metadata={"user_id": user_id, "purpose": purpose})
    db.execute(insert(Conversation).values(user_id=user_id, purpose=purpose, thread_id=made.id).on_conflict_do_nothing())
    db.commit()
    return look()

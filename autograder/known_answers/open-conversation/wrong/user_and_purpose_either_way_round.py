# loses: keeps_users_apart
# says: ada_bob_share_thread_each
# %% open_conversation
from sqlalchemy import select


def open_conversation(client, db, user_id, purpose):
    row = db.scalars(
        select(Conversation).where(Conversation.user_id.in_([user_id, purpose]), Conversation.purpose.in_([user_id, purpose]))
    ).first()
    if row is not None:
        return row.thread_id
    thread = client.beta.threads.create(metadata={"user_id": user_id, "purpose": purpose})
    db.add(Conversation(user_id=user_id, purpose=purpose, thread_id=thread.id))
    db.commit()
    return thread.id

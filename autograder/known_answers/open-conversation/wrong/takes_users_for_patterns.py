# loses: resumes, keeps_users_apart
# says: one_user_one_conversation_opened
# %% open_conversation
from sqlalchemy import select


def open_conversation(client, db, user_id, purpose):
    row = db.scalars(select(Conversation).where(Conversation.user_id.op("GLOB")(user_id), Conversation.purpose == purpose)).first()
    if row is not None:
        return row.thread_id
    thread = client.beta.threads.create(metadata={"user_id": user_id, "purpose": purpose})
    db.add(Conversation(user_id=user_id, purpose=purpose, thread_id=thread.id))
    db.commit()
    return thread.id

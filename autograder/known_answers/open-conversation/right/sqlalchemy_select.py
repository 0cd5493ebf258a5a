# %% open_conversation
from sqlalchemy import select


def open_conversation(client, db, user_id, purpose):
    thread_id = db.execute(
        select(Conversation.thread_id).where(Conversation.user_id == user_id, Conversation.purpose == purpose)
    ).scalar_one_or_none()
    if thread_id is not None:
        return thread_id
    created = client.beta.threads.with_raw_response.create(metadata={"user_id": user_id, "purpose": purpose}).parse()
    with db.begin_nested():
        db.add(Conversation(user_id=user_id, purpose=purpose, thread_id=created.id))
    db.commit()
    return created.id

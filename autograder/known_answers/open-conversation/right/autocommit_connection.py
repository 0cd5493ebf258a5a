# %% open_conversation
from sqlalchemy import insert, select


def open_conversation(client, db, user_id, purpose):
    with db.get_bind().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        mine = (Conversation.user_id == user_id) & (Conversation.purpose == purpose)
        known = connection.scalar(select(Conversation.thread_id).where(mine))
        if known is not None:
            return known
        thread = client.beta.threads.create(metadata={"user_id": user_id, "purpose": purpose})
        connection.execute(insert(Conversation).values(user_id=user_id, purpose=purpose, thread_id=thread.id))
    return thread.id

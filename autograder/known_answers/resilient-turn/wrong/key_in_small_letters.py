# loses: same_text_is_another_turn
# says: two_turns_same_text
# %% resilient_turn
import time

import openai

from courseware import Turn


def resilient_turn(client, db, turn_id, thread_id, assistant_id, text):
    once = client.with_options(max_retries=0)
    key = {"turn_id": turn_id}

    def find_message():
        for message in client.beta.threads.messages.list(thread_id, limit=100):
            if (message.metadata or {}).get("turn_id", "").casefold() == turn_id.casefold():
                return message
        return None

    def find_run():
        for run in client.beta.threads.runs.list(thread_id, limit=100):
            if (run.metadata or {}).get("turn_id", "").casefold() == turn_id.casefold():
                return run
        return None

    def create_once(find, create, tries=5):
        for attempt in range(tries):
            if (found := find()) is not None:
                return found
            try:
                return create()
            except openai.RateLimitError as error:
                if attempt == tries - 1:
                    raise
                time.sleep(float(error.response.headers.get("retry-after", 1)))
            except (openai.APIConnectionError, openai.InternalServerError):
                if attempt == tries - 1:
                    raise
                time.sleep(2**attempt)

    row = db.get(Turn, turn_id)
    if row is None:
        row = Turn(turn_id=turn_id, thread_id=thread_id, text=text)
        db.add(row)
        db.commit()
    if row.answer is not None:
        return row.answer
    if row.message_id is None:
        row.message_id = create_once(
            find_message, lambda: once.beta.threads.messages.create(thread_id, role="user", content=text, metadata=key)
        ).id
        db.commit()
    if row.run_id is None:
        row.run_id = create_once(find_run, lambda: once.beta.threads.runs.create(thread_id, assistant_id=assistant_id, metadata=key)).id
        db.commit()
    run = client.beta.threads.runs.poll(row.run_id, thread_id=thread_id)
    row.answer = client.beta.threads.messages.list(thread_id, run_id=run.id).data[0].content[0].text.value
    db.commit()
    return row.answer

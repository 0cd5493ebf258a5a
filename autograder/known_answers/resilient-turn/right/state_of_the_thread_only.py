# %% resilient_turn
def resilient_turn(client, db, turn_id, thread_id, assistant_id, text):
    """The table is only asked for the answer: everything else can be read from the thread."""
    done = db.get(Turn, turn_id)
    if done is not None and done.answer:
        return done.answer
    careful = client.with_options(max_retries=0)
    threads = client.beta.threads
    failures = 0
    while True:
        messages = [one for one in threads.messages.list(thread_id) if one.metadata and one.metadata.get("turn") == turn_id]
        runs = [one for one in threads.runs.list(thread_id) if one.metadata and one.metadata.get("turn") == turn_id]
        try:
            if not messages:
                careful.beta.threads.messages.create(thread_id, role="user", content=text, metadata={"turn": turn_id})
            elif not runs:
                careful.beta.threads.runs.create(thread_id, assistant_id=assistant_id, metadata={"turn": turn_id})
            elif runs[0].status in ("queued", "in_progress"):
                time.sleep(1)
            else:
                break
        except openai.RateLimitError as error:
            failures += 1
            if failures > 4:
                raise
            time.sleep(float(error.response.headers.get("retry-after", 5)))
        except (openai.InternalServerError, openai.APIConnectionError):
            failures += 1
            if failures > 4:
                raise
            time.sleep(failures)
    replies = threads.messages.list(thread_id, run_id=runs[0].id, order="asc")
    answer = "\n".join(one.content[0].text.value for one in replies)
    db.merge(Turn(turn_id=turn_id, thread_id=thread_id, text=text, run_id=runs[0].id, answer=answer))
    db.commit()
    return answer

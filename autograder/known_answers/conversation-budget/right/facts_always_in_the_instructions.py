# %% cost_of
def cost_of(usages, prices):
    total = Decimal(0)
    for usage in usages:
        if usage is None:
            continue
        rows = [row for row in prices if row["model"] == usage["model"] and row["since"] <= usage["day"]]
        price = max(rows, key=lambda row: row["since"])
        total += Decimal(price["input"]) * usage["prompt_tokens"] + Decimal(price["output"]) * usage["completion_tokens"]
    return (total / 1_000_000).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


# %% budgeted_turn
def budgeted_turn(client, db, thread_id, assistant_id, text, *, budget):
    """The message travels with the run; pinned facts stand in the instructions always, even when they are in the window."""
    api = client.beta.threads
    history = []
    page = api.messages.with_raw_response.list(thread_id, limit=50).parse()
    while True:
        history += page.data
        if not page.has_next_page():
            break
        page = page.get_next_page()
    known = {one.message_id for one in db.query(ArchivedMessage).filter_by(thread_id=thread_id)}
    db.add_all(
        ArchivedMessage(message_id=m.id, thread_id=thread_id, role=m.role, text=m.content[0].text.value)
        for m in history
        if m.id not in known
    )
    db.commit()
    facts = [m.content[0].text.value for m in reversed(history) if m.role == "user" and m.content[0].text.value.startswith("Remember:")]
    own = client.beta.assistants.retrieve(assistant_id).instructions
    whole = "\n".join([own, *facts])
    room = budget - 3 - of_message(whole) - of_message(text)
    n = 1
    for m in history:
        room -= of_message(m.content[0].text.value)
        if room < 0:
            break
        n += 1
    run = api.runs.create_and_poll(
        thread_id=thread_id,
        assistant_id=assistant_id,
        instructions=whole,
        additional_messages=[{"role": "user", "content": text}],
        truncation_strategy={"type": "last_messages", "last_messages": n},
    )
    if run.status != "completed":
        raise RuntimeError(f"{run.status}: {run.last_error or run.incomplete_details}")
    return "\n".join(m.content[0].text.value for m in reversed(list(api.messages.list(thread_id, run_id=run.id))))

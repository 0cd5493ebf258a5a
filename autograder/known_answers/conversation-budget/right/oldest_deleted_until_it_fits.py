# %% cost_of
def cost_of(usages, prices):
    table = {}
    for row in sorted(prices, key=lambda row: row["since"]):
        table.setdefault(row["model"], []).append((row["since"], Decimal(row["input"]), Decimal(row["output"])))
    millionths = Decimal(0)
    for usage in filter(None, usages):
        valid = [price for price in table[usage["model"]] if price[0] <= usage["day"]]
        _, read, written = valid[-1]
        millionths += read * usage["prompt_tokens"] + written * usage["completion_tokens"]
    return (millionths / Decimal(10**6)).quantize(Decimal("1.00"), rounding=ROUND_HALF_UP)


# %% budgeted_turn
def budgeted_turn(client, db, thread_id, assistant_id, text, *, budget):
    """The thread is the window: what does not fit is archived, then deleted. A pinned text lives on in the run's instructions."""
    api = client.beta.threads
    own = client.beta.assistants.retrieve(assistant_id).instructions
    new = api.messages.create(thread_id, role="user", content=text)
    there = [(one.id, one.role, one.content[0].text.value) for one in api.messages.list(thread_id, order="asc", limit=100)]
    gone = db.query(ArchivedMessage).filter_by(thread_id=thread_id, role="user").all()
    ids = {message_id for message_id, _, _ in there}
    pinned = [row.text for row in gone if row.message_id not in ids and row.text.startswith("Remember:")]

    def cost():
        return 3 + of_message("\n".join([own, *pinned])) + sum(of_message(content) for _, _, content in there)

    leaving = []
    while cost() > budget and there[0][0] != new.id:
        leaving.append(there.pop(0))
        if leaving[-1][1] == "user" and leaving[-1][2].startswith("Remember:"):
            pinned.append(leaving[-1][2])
    for message_id, role, content in leaving:
        db.merge(ArchivedMessage(message_id=message_id, thread_id=thread_id, role=role, text=content))
    db.commit()
    for message_id, _, _ in leaving:
        api.messages.delete(message_id, thread_id=thread_id)
    run = api.runs.create_and_poll(
        thread_id=thread_id,
        assistant_id=assistant_id,
        additional_instructions="\n".join(pinned) if pinned else None,
        truncation_strategy={"type": "last_messages", "last_messages": len(there)},
    )
    if run.status != "completed":
        raise RuntimeError(f"{run.id} ended as {run.status}")
    (answer,) = api.messages.list(thread_id, run_id=run.id).data
    return answer.content[0].text.value

# loses: adds_up, price_of_the_day, exact_to_the_cent, no_usage_costs_nothing
# says: returned_no_decimal
# %% cost_of
def cost_of(usages, prices):
    total = Decimal(0)
    for one in usages:
        if one is None:
            continue
        row = max((row for row in prices if row["model"] == one["model"] and row["since"] <= one["day"]), key=lambda row: row["since"])
        total += Decimal(row["input"]) * one["prompt_tokens"] + Decimal(row["output"]) * one["completion_tokens"]
    return str((total / 1_000_000).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP))


# %% budgeted_turn
def budgeted_turn(client, db, thread_id, assistant_id, text, *, budget):
    client.beta.threads.messages.create(thread_id, role="user", content=text)
    everything = [(one.id, one.role, one.content[0].text.value) for one in client.beta.threads.messages.list(thread_id, limit=100)]
    for message_id, role, said in everything:
        if db.get(ArchivedMessage, message_id) is None:
            db.add(ArchivedMessage(message_id=message_id, thread_id=thread_id, role=role, text=said))
    db.commit()
    instructions = client.beta.assistants.retrieve(assistant_id).instructions or ""
    for count in range(len(everything), 0, -1):
        pinned = [said for _, role, said in reversed(everything[count:]) if role == "user" and said.startswith("Remember:")]
        cost = 3 + of_message("\n".join([instructions, *pinned])) + sum(of_message(said) for _, _, said in everything[:count])
        if cost <= budget:
            break
    run = client.beta.threads.runs.create_and_poll(
        thread_id=thread_id,
        assistant_id=assistant_id,
        additional_instructions="\n".join(pinned) if pinned else None,
        truncation_strategy={"type": "last_messages", "last_messages": count},
    )
    if run.status != "completed":
        raise RuntimeError(run.status)
    return client.beta.threads.messages.list(thread_id, run_id=run.id).data[0].content[0].text.value

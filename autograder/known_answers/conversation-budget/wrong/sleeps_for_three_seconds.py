# loses: answers, stays_within_budget, pinned_facts_answered, archived_before_dropped, reads_half_of_the_optimum, reads_three_quarters_of_the_optimum, reads_nine_tenths_of_the_optimum
# says: raised BadRequestError
# %% cost_of
def cost_of(usages, prices):
    total = Decimal(0)
    for one in usages:
        if one is None:
            continue
        rows = [row for row in prices if row["model"] == one["model"] and row["since"] <= one["day"]]
        row = max(rows, key=lambda row: row["since"])
        total += Decimal(row["input"]) * one["prompt_tokens"] + Decimal(row["output"]) * one["completion_tokens"]
    return (total / 1_000_000).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


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
        if 3 + of_message("\n".join([instructions, *pinned])) + sum(of_message(said) for _, _, said in everything[:count]) <= budget:
            break
    run = client.beta.threads.runs.create(
        thread_id=thread_id,
        assistant_id=assistant_id,
        additional_instructions="\n".join(pinned) if pinned else None,
        truncation_strategy={"type": "last_messages", "last_messages": count},
    )
    import time

    time.sleep(3)
    return client.beta.threads.messages.list(thread_id).data[0].content[0].text.value

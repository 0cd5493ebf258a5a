# loses: stays_within_budget
# says: counted_too_little
# %% cost_of
def cost_of(usages, prices):
    total = Decimal(0)
    for usage in usages:
        if usage is None:
            continue
        rows = [row for row in prices if row["model"] == usage["model"] and row["since"] <= usage["day"]]
        if not rows:
            raise LookupError(usage)
        row = max(rows, key=lambda one: one["since"])
        total += usage["prompt_tokens"] * Decimal(row["input"]) + usage["completion_tokens"] * Decimal(row["output"])
    return (total / 1_000_000).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


# %% budgeted_turn
def words(message):
    return "".join(part.text.value for part in message.content if part.type == "text")


def is_pinned(message):
    return message.role == "user" and words(message).startswith("Remember:")


def archive(db, thread_id, messages):
    for one in messages:
        if db.get(ArchivedMessage, one.id) is None:
            db.add(ArchivedMessage(message_id=one.id, thread_id=thread_id, role=one.role, text=words(one)))
    db.commit()


def plan(instructions, messages, budget):
    for count in range(len(messages), 0, -1):
        window, dropped = messages[-count:], messages[:-count]
        facts = [words(one) for one in dropped if is_pinned(one)]
        read = "\n".join(([instructions] if instructions else []) + facts)
        cost = (of_message(read) if read else 0) + sum(of_message(words(one)) for one in window)
        if cost <= budget:
            return count, facts
    return 1, facts


def budgeted_turn(client, db, thread_id, assistant_id, text, *, budget):
    client.beta.threads.messages.create(thread_id, role="user", content=text)
    messages = list(client.beta.threads.messages.list(thread_id, order="asc", limit=100))
    archive(db, thread_id, messages)
    instructions = client.beta.assistants.retrieve(assistant_id).instructions
    count, facts = plan(instructions, messages, budget)
    run = client.beta.threads.runs.create_and_poll(
        thread_id=thread_id,
        assistant_id=assistant_id,
        additional_instructions="\n".join(facts) or None,
        truncation_strategy={"type": "last_messages", "last_messages": count},
    )
    if run.status != "completed":
        raise RuntimeError(run.status)
    replies = client.beta.threads.messages.list(thread_id, run_id=run.id, order="asc")
    return "\n".join(words(one) for one in replies)

# loses: pinned_facts_answered
# says: turn_asked_answered_without_pinned
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
    """The facts outside of the window go into the instructions. The service keeps the two oldest messages, too: its window is smaller."""
    threads = client.beta.threads
    threads.messages.create(thread_id, role="user", content=text)
    messages = list(threads.messages.list(thread_id, limit=100))  # newest first
    for message in messages:
        db.merge(ArchivedMessage(message_id=message.id, thread_id=thread_id, role=message.role, text=message.content[0].text.value))
    db.commit()

    base = client.beta.assistants.retrieve(assistant_id).instructions or ""
    said = [(message.role, message.content[0].text.value) for message in messages]

    def additional(n):
        facts = [fact for role, fact in said[n:] if role == "user" and fact.startswith("Remember:")]
        return "\n".join(reversed(facts))

    def cost(n):
        more = additional(n)
        return 3 + of_message(f"{base}\n{more}" if more else base) + sum(of_message(one) for _, one in said[:n])

    n = max((k for k in range(1, len(said) + 1) if cost(k) <= budget), default=1)
    options = {"additional_instructions": additional(n)} if additional(n) else {}
    run = threads.runs.create_and_poll(thread_id=thread_id, assistant_id=assistant_id, max_prompt_tokens=max(256, budget), **options)
    if run.status != "completed":
        raise RuntimeError(run.status)
    replies = threads.messages.list(thread_id, run_id=run.id, order="asc")
    return "\n".join(reply.content[0].text.value for reply in replies)

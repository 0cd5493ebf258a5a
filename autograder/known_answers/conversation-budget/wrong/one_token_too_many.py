# loses: stays_within_budget
# says: counted_too_little
# %% cost_of
def cost_of(usages, prices):
    total = Decimal(0)
    for usage in usages:
        if usage is None:
            continue
        rows = [row for row in prices if row["model"] == usage["model"] and row["since"] <= usage["day"]]
        row = max(rows, key=lambda row: row["since"])
        total += usage["prompt_tokens"] * Decimal(row["input"]) + usage["completion_tokens"] * Decimal(row["output"])
    return (total / 1_000_000).quantize(Decimal("0.01"), ROUND_HALF_UP)


# %% budgeted_turn
from courseware import answer_of


def budgeted_turn(client, db, thread_id, assistant_id, text, *, budget):
    threads = client.beta.threads
    threads.messages.create(thread_id, role="user", content=text)
    base = client.beta.assistants.retrieve(assistant_id).instructions or ""
    messages = list(threads.messages.list(thread_id, order="asc", limit=100))
    texts = [message.content[0].text.value for message in messages]
    for n in range(len(messages), 0, -1):
        facts = [texts[at] for at in range(len(messages) - n) if messages[at].role == "user" and texts[at].startswith("Remember:")]
        instructions = "\n".join([base, *facts])
        cost = 3 + of_message(instructions) + sum(of_message(one) for one in texts[-n:])
        if cost <= budget + 1:
            break
    for message, said in list(zip(messages, texts))[: len(messages) - n]:
        db.merge(ArchivedMessage(message_id=message.id, thread_id=thread_id, role=message.role, text=said))
    db.commit()
    run = threads.runs.create_and_poll(
        thread_id=thread_id,
        assistant_id=assistant_id,
        truncation_strategy={"type": "last_messages", "last_messages": n},
        additional_instructions="\n".join(facts) or None,
    )
    return answer_of(client, run)

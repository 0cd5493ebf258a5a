# %% cost_of
from fractions import Fraction


def cost_of(usages, prices):
    total = sum((price(usage, prices) for usage in usages if usage), Fraction(0))
    cents = (total * 100 + Fraction(1, 2)).__floor__()
    return Decimal(cents).scaleb(-2)


def price(usage, prices):
    best = None
    for row in prices:
        if row["model"] == usage["model"] and row["since"] <= usage["day"] and (best is None or row["since"] > best["since"]):
            best = row
    if best is None:
        raise ValueError(usage)
    return (Fraction(best["input"]) * usage["prompt_tokens"] + Fraction(best["output"]) * usage["completion_tokens"]) / 10**6


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
        if cost <= budget:
            break
    for message, said in list(zip(messages, texts))[: len(messages) - n]:
        db.merge(ArchivedMessage(message_id=message.id, thread_id=thread_id, role=message.role, text=said))
    db.commit()
    run = None
    for event in threads.runs.create(
        thread_id,
        assistant_id=assistant_id,
        truncation_strategy={"type": "last_messages", "last_messages": n},
        additional_instructions="\n".join(facts) or None,
        stream=True,
    ):
        if event.event == "thread.run.completed":
            run = event.data
    return answer_of(client, run)

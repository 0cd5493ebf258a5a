# loses: answers, stays_within_budget, pinned_facts_answered, archived_before_dropped, reads_half_of_the_optimum, reads_three_quarters_of_the_optimum, reads_nine_tenths_of_the_optimum
# says: runs_made_turns
# %% cost_of
from decimal import ROUND_HALF_UP, Decimal


def cost_of(usages, prices):
    total = Decimal(0)
    for used in usages:
        if used is None:
            continue
        known = [row for row in prices if row["model"] == used["model"] and row["since"] <= used["day"]]
        if not known:
            raise LookupError(f"no price of {used['model']} on {used['day']}")
        price = max(known, key=lambda row: row["since"])
        total += used["prompt_tokens"] * Decimal(price["input"]) + used["completion_tokens"] * Decimal(price["output"])
    return (total / 1_000_000).quantize(Decimal("0.01"), ROUND_HALF_UP)


# %% budgeted_turn
def budgeted_turn(client, db, thread_id, assistant_id, text, *, budget):
    client.beta.threads.messages.create(thread_id, role="user", content=text)
    page = client.beta.threads.messages.list(thread_id, limit=10)
    said = [{"role": one.role, "content": one.content[0].text.value} for one in reversed(page.data)]
    run = client.beta.threads.create_and_run_poll(assistant_id=assistant_id, thread={"messages": said})
    answer = client.beta.threads.messages.list(run.thread_id, run_id=run.id).data[0].content[0].text.value
    client.beta.threads.messages.create(thread_id, role="assistant", content=answer)
    return answer

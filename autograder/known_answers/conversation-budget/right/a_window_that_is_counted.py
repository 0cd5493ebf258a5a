# %% cost_of
from decimal import Decimal, localcontext


def cost_of(usages, prices):
    if not usages:
        return Decimal("0.00")
    rest = cost_exactly(usages, sorted(prices, key=lambda row: row["since"], reverse=True))
    with localcontext() as context:
        context.rounding = "ROUND_HALF_UP"
        return rest.scaleb(-6).quantize(Decimal("0.01"))


def cost_exactly(usages, newest_first):
    """Recursive, and in millionths of a dollar."""
    if not usages:
        return Decimal(0)
    first, *others = usages
    rest = cost_exactly(others, newest_first)
    if not first:
        return rest
    for row in newest_first:
        if row["model"] == first["model"] and row["since"] <= first["day"]:
            return rest + first["prompt_tokens"] * Decimal(row["input"]) + first["completion_tokens"] * Decimal(row["output"])
    raise ValueError(f"what did {first['model']} cost on {first['day']}?")


# %% budgeted_turn
from courseware import ArchivedMessage
from threadlab import of_message


class Window:
    """Truncation by the service, its length by our own count; what is pinned and lies outside goes into the instructions."""

    def __init__(self, client, db, thread_id, assistant_id, budget):
        self.threads, self.db, self.thread_id, self.assistant_id = client.beta.threads, db, thread_id, assistant_id
        self.left = budget - 3 - of_message(client.beta.assistants.retrieve(assistant_id).instructions)

    def archive(self, role, message):
        row = ArchivedMessage(message_id=message.id, thread_id=self.thread_id, role=role, text=message.content[0].text.value)
        self.db.merge(row)
        self.db.commit()
        return row.text

    def history(self):
        return [(one.role, one.content[0].text.value) for one in self.threads.messages.list(self.thread_id, limit=100)]

    def length(self):
        """How many of the newest messages fit, and the pinned ones that do not."""
        history = self.history()
        for length in range(len(history), 0, -1):
            inside = sum(of_message(text) for _, text in history[:length])
            outside = [text for role, text in history[length:] if role == "user" and text.startswith("Remember:")]
            if inside + sum(of_message(text) for text in outside) <= self.left:
                return length, outside
        raise ValueError("the budget is too small for this")

    def turn(self, text):
        self.archive("user", self.threads.messages.create(self.thread_id, role="user", content=text))
        length, outside = self.length()
        run = self.threads.runs.create(
            self.thread_id,
            assistant_id=self.assistant_id,
            truncation_strategy={"type": "last_messages", "last_messages": length},
            additional_instructions="\n".join(reversed(outside)),
        )
        run = self.threads.runs.poll(run.id, thread_id=self.thread_id, poll_interval_ms=2500)
        assert run.status == "completed"
        return "\n".join(self.archive("assistant", one) for one in self.threads.messages.list(self.thread_id, run_id=run.id))


def budgeted_turn(client, db, thread_id, assistant_id, text, *, budget):
    return Window(client, db, thread_id, assistant_id, budget).turn(text)

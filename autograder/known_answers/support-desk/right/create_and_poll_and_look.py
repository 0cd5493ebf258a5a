# %% SupportDesk
from functools import partial


def temporary(error):
    return isinstance(error, (openai.APIConnectionError, openai.RateLimitError, openai.InternalServerError))


class SupportDesk:
    """Helpers of the SDK where they may be used: `poll` waits for a run. Everything that creates is preceded by a look."""

    def __init__(self, client, db, assistant_id):
        self.client, self.db, self.assistant_id = client, db, assistant_id
        self.careful = client.with_options(max_retries=0)
        self.turns = {}

    async def handle(self, ticket_id, user_id, text):
        known = self.db.query(Ticket).filter_by(ticket_id=ticket_id).one_or_none()
        if known is None:
            self.db.add(Ticket(ticket_id=ticket_id, user_id=user_id, text=text))
            self.db.commit()
        return await self.turn(ticket_id, user_id)

    async def resume(self):
        for ticket_id, user_id, answer in self.db.query(Ticket.ticket_id, Ticket.user_id, Ticket.answer).order_by(Ticket.number).all():
            if answer is None:
                self.turn(ticket_id, user_id)
        await asyncio.gather(*self.turns.values())

    def turn(self, ticket_id, user_id):
        """A task for each ticket; the tasks of a customer are chained."""
        if ticket_id not in self.turns:
            before = [task for task in self.turns.values() if task.get_name() == user_id]
            self.turns[ticket_id] = asyncio.create_task(self.take(ticket_id, before), name=user_id)
        return self.turns[ticket_id]

    async def take(self, ticket_id, before):
        await asyncio.gather(*before[-1:], return_exceptions=True)
        ticket = self.db.query(Ticket).filter_by(ticket_id=ticket_id).one()
        if ticket.answer is None:
            thread_id = await self.thread(ticket.user_id)
            await self.confirm(ticket, thread_id)
            run = await self.completed(ticket, thread_id)
            await self.read(ticket, thread_id, run)
        return ticket.answer

    async def persist(self, request):
        for attempt in range(9):
            try:
                return await request()
            except openai.APIError as error:
                if attempt == 8 or not temporary(error):
                    raise
                headers = getattr(getattr(error, "response", None), "headers", {})
                await asyncio.sleep(float(headers.get("retry-after") or 1 + attempt))

    async def thread(self, user_id):
        row = self.db.query(Conversation).filter_by(user_id=user_id, purpose="support").one_or_none()
        if row is None:
            thread = await self.persist(self.careful.beta.threads.create)
            row = Conversation(user_id=user_id, purpose="support", thread_id=thread.id)
            self.db.add(row)
            self.db.commit()
        return row.thread_id

    def audited(self, ticket, step):
        rows = self.db.query(TicketAudit).filter_by(ticket_id=ticket.ticket_id, step=step).order_by(TicketAudit.number)
        return [row.object_id for row in rows]

    def audit(self, ticket, step, object_id):
        self.db.add(TicketAudit(ticket_id=ticket.ticket_id, step=step, object_id=object_id))
        self.db.commit()

    async def confirm(self, ticket, thread_id):
        if self.audited(ticket, "confirm"):
            return

        async def looked_and_posted():
            messages = await self.careful.beta.threads.messages.list(thread_id, limit=100)
            found = [one for one in messages.data if one.metadata == {"ticket_id": ticket.ticket_id}]
            return (
                found[0]
                if found
                else await self.careful.beta.threads.messages.create(
                    thread_id, content=ticket.text, role="user", metadata={"ticket_id": ticket.ticket_id}
                )
            )

        message = await self.persist(looked_and_posted)
        self.audit(ticket, "confirm", message.id)

    async def completed(self, ticket, thread_id):
        while True:
            earlier = self.audited(ticket, "run")
            if earlier:
                run = await self.persist(
                    partial(self.careful.beta.threads.runs.poll, earlier[-1], thread_id=thread_id, poll_interval_ms=1000)
                )
                if run.status == "completed":
                    return run
            number = str(len(earlier))

            async def looked_and_started():
                runs = await self.careful.beta.threads.runs.list(thread_id, limit=100)
                found = [one for one in runs.data if one.metadata == {"ticket_id": ticket.ticket_id, "number": number}]
                return (
                    found[0]
                    if found
                    else await self.careful.beta.threads.runs.create(
                        thread_id,
                        assistant_id=self.assistant_id,
                        metadata={"ticket_id": ticket.ticket_id, "number": number},
                        truncation_strategy={"type": "last_messages", "last_messages": 10},
                    )
                )

            self.audit(ticket, "run", (await self.persist(looked_and_started)).id)

    async def read(self, ticket, thread_id, run):
        page = await self.persist(lambda: self.careful.beta.threads.messages.list(thread_id, run_id=run.id))
        ticket.answer = page.data[0].content[0].text.value
        self.audit(ticket, "read", page.data[0].id)

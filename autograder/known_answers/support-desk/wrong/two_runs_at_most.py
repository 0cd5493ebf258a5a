# loses: answers_everybody, audit_reconstructs_every_turn, survives_a_restart
# says: answers_everybody
# Two of a ticket's runs may fail: gives up after the second
# %% SupportDesk
WINDOW = {"type": "last_messages", "last_messages": 10}


class SupportDesk:
    def __init__(self, client, db, assistant_id):
        self.client = client.with_options(max_retries=0)
        self.threads = self.client.beta.threads
        self.db, self.assistant_id = db, assistant_id
        self.lanes = {}

    async def handle(self, ticket_id, user_id, text):
        ticket = self.db.scalar(select(Ticket).where(Ticket.ticket_id == ticket_id))
        if ticket is None:
            ticket = Ticket(ticket_id=ticket_id, user_id=user_id, text=text)
            self.db.add(ticket)
            self.db.commit()
        return await self.in_lane(ticket)

    async def resume(self):
        owed = self.db.scalars(select(Ticket).where(Ticket.answer.is_(None)).order_by(Ticket.number)).all()
        await asyncio.gather(*(self.in_lane(ticket) for ticket in owed))

    async def in_lane(self, ticket):
        async with self.lanes.setdefault(ticket.user_id, asyncio.Lock()):
            return await self.turn(ticket)

    async def turn(self, ticket):
        if ticket.answer is not None:
            return ticket.answer
        thread_id = await self.thread_of(ticket.user_id)
        if ticket.message_id is None:
            ticket.message_id = await self.trying(lambda: self.message(thread_id, ticket))
            self.audit(ticket, "confirm", ticket.message_id)
            self.db.commit()
        attempt = 0
        while ticket.answer is None:
            if ticket.run_id is None:
                attempt = len(
                    self.db.scalars(select(TicketAudit).where(TicketAudit.ticket_id == ticket.ticket_id, TicketAudit.step == "run")).all()
                )
                ticket.run_id = await self.trying(lambda: self.run(thread_id, ticket, attempt))
                self.audit(ticket, "run", ticket.run_id)
                self.db.commit()
            run = await self.ended(thread_id, ticket.run_id)
            if run.status != "completed" and attempt == 1:
                raise RuntimeError(run.status)
            if run.status != "completed":
                ticket.run_id = None
                self.db.commit()
                continue
            reply = await self.trying(lambda: self.reply(thread_id, ticket.run_id))
            ticket.answer = reply.content[0].text.value
            self.audit(ticket, "read", reply.id)
            self.db.commit()
        return ticket.answer

    def audit(self, ticket, step, object_id):
        self.db.add(TicketAudit(ticket_id=ticket.ticket_id, step=step, object_id=object_id))

    async def thread_of(self, user_id):
        row = self.db.get(Conversation, (user_id, "support"))
        if row is None:
            thread = await self.trying(lambda: self.threads.create(metadata={"user_id": user_id}))
            row = Conversation(user_id=user_id, purpose="support", thread_id=thread.id)
            self.db.add(row)
            self.db.commit()
        return row.thread_id

    async def message(self, thread_id, ticket):
        key = {"ticket_id": ticket.ticket_id}
        async for one in self.threads.messages.list(thread_id, limit=100):
            if one.metadata == key:
                return one.id
        return (await self.threads.messages.create(thread_id, role="user", content=ticket.text, metadata=key)).id

    async def run(self, thread_id, ticket, attempt):
        key = {"ticket_id": ticket.ticket_id, "attempt": str(attempt)}
        async for one in self.threads.runs.list(thread_id, limit=100):
            if one.metadata == key:
                return one.id
        run = await self.threads.runs.create(thread_id, assistant_id=self.assistant_id, metadata=key, truncation_strategy=WINDOW)
        return run.id

    async def ended(self, thread_id, run_id):
        while True:
            run = await self.trying(lambda: self.threads.runs.retrieve(run_id, thread_id=thread_id))
            if run.status not in ("queued", "in_progress", "cancelling"):
                return run
            await asyncio.sleep(1)

    async def reply(self, thread_id, run_id):
        page = await self.threads.messages.list(thread_id, run_id=run_id, order="asc")
        return page.data[0]

    async def trying(self, action, tries=6):
        for attempt in range(tries):
            try:
                return await action()
            except (openai.APIConnectionError, openai.InternalServerError, openai.RateLimitError) as error:
                if attempt == tries - 1:
                    raise
                after = getattr(getattr(error, "response", None), "headers", {}).get("retry-after")
                await asyncio.sleep(float(after) if after else 2**attempt * random.uniform(0.5, 1))

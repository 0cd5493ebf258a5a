# loses: answers_everybody, every_message_once
# says: handle_raised_at_once
# %% SupportDesk
class SupportDesk:
    def __init__(self, client, db, assistant_id):
        self.threads = client.with_options(max_retries=0).beta.threads
        self.db, self.assistant_id, self.lanes = db, assistant_id, {}

    async def handle(self, ticket_id, user_id, text):
        ticket = self.db.scalar(select(Ticket).where(Ticket.ticket_id == ticket_id))
        if ticket is None:
            ticket = Ticket(ticket_id=ticket_id, user_id=user_id, text=text)
            self.db.add(ticket)
            self.db.commit()
        async with self.lanes.setdefault(user_id if self.db.get(Conversation, (user_id, "support")) else ticket_id, asyncio.Lock()):
            if ticket.answer is None:
                await self.turn(ticket)
            return ticket.answer

    async def resume(self):
        owed = self.db.scalars(select(Ticket).where(Ticket.answer.is_(None)).order_by(Ticket.number)).all()
        await asyncio.gather(*(self.handle(one.ticket_id, one.user_id, one.text) for one in owed))

    async def turn(self, ticket):
        thread_id = await self.thread_of(ticket.user_id)
        if ticket.message_id is None:
            message = await self.trying(lambda: self.message_of(thread_id, ticket))
            ticket.message_id = message.id
            self.record(ticket, "confirm", message.id)
        while ticket.answer is None:
            if ticket.run_id is None:
                attempt = len(self.lines(ticket, "run"))
                run = await self.trying(lambda: self.run_of(thread_id, ticket, attempt))
                ticket.run_id = run.id
                self.record(ticket, "run", run.id)
            run = await self.ended(thread_id, ticket.run_id)
            if run.status == "completed":
                reply = await self.trying(lambda: self.reply_of(thread_id, run.id))
                ticket.answer = reply.content[0].text.value
                self.record(ticket, "read", reply.id)
            else:
                ticket.run_id = None
                self.db.commit()

    def lines(self, ticket, step):
        return self.db.scalars(select(TicketAudit).where(TicketAudit.ticket_id == ticket.ticket_id, TicketAudit.step == step)).all()

    def record(self, ticket, step, object_id):
        self.db.add(TicketAudit(ticket_id=ticket.ticket_id, step=step, object_id=object_id))
        self.db.commit()

    async def trying(self, action):
        for attempt in range(6):
            try:
                return await action()
            except (openai.APIConnectionError, openai.RateLimitError, openai.InternalServerError) as error:
                if attempt == 5:
                    raise
                response = getattr(error, "response", None)
                after = float(response.headers.get("retry-after", 0)) if response is not None else 0
                await asyncio.sleep(max(after, 2**attempt * 0.5 + random.random() * 0.2))

    async def thread_of(self, user_id):
        row = self.db.get(Conversation, (user_id, "support"))
        if row is None:
            thread = await self.trying(self.threads.create)
            row = Conversation(user_id=user_id, purpose="support", thread_id=thread.id)
            self.db.add(row)
            self.db.commit()
        return row.thread_id

    async def message_of(self, thread_id, ticket):
        key = {"ticket_id": ticket.ticket_id}
        async for one in self.threads.messages.list(thread_id, limit=100):
            if one.metadata == key:
                return one
        return await self.threads.messages.create(thread_id, role="user", content=ticket.text, metadata=key)

    async def run_of(self, thread_id, ticket, attempt):
        key = {"ticket_id": ticket.ticket_id, "attempt": str(attempt)}
        async for one in self.threads.runs.list(thread_id, limit=100):
            if one.metadata == key:
                return one
        return await self.threads.runs.create(
            thread_id,
            assistant_id=self.assistant_id,
            metadata=key,
            truncation_strategy={"type": "last_messages", "last_messages": 10},
        )

    async def ended(self, thread_id, run_id):
        while True:
            run = await self.trying(lambda: self.threads.runs.retrieve(run_id, thread_id=thread_id))
            if run.status not in ("queued", "in_progress", "cancelling"):
                return run
            await asyncio.sleep(0.7)

    async def reply_of(self, thread_id, run_id):
        page = await self.threads.messages.list(thread_id, run_id=run_id)
        return page.data[0]

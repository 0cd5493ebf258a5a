# loses: answers_everybody, survives_a_restart
# says: returned_run_read_too_little
# %% SupportDesk
PURPOSE = "support"
TROUBLE = (openai.APIConnectionError, openai.InternalServerError, openai.RateLimitError)


class SupportDesk:
    def __init__(self, client, db, assistant_id):
        self.api = client.with_options(max_retries=0).beta.threads
        self.db, self.assistant_id = db, assistant_id
        self.locks = {}
        self.tasks = {}

    async def handle(self, ticket_id, user_id, text):
        ticket = self.ticket(ticket_id)
        if ticket is None:
            ticket = Ticket(ticket_id=ticket_id, user_id=user_id, text=text)
            self.db.add(ticket)
            self.db.commit()
        return await self.once(ticket)

    async def resume(self):
        open_ones = self.db.scalars(select(Ticket).where(Ticket.answer.is_(None)).order_by(Ticket.number)).all()
        await asyncio.gather(*(self.once(ticket) for ticket in open_ones))

    def ticket(self, ticket_id):
        return self.db.scalars(select(Ticket).where(Ticket.ticket_id == ticket_id)).one_or_none()

    def once(self, ticket):
        if ticket.ticket_id not in self.tasks:
            self.tasks[ticket.ticket_id] = asyncio.ensure_future(self.work(ticket))
        return asyncio.shield(self.tasks[ticket.ticket_id])

    async def work(self, ticket):
        lock = self.locks.setdefault(ticket.user_id, asyncio.Lock())
        async with lock:
            if ticket.answer is not None:
                return ticket.answer
            thread_id = await self.trying(lambda: self.thread(ticket.user_id))
            key = {"ticket_id": ticket.ticket_id}
            if ticket.message_id is None:
                message = await self.trying(lambda: self.message(thread_id, ticket, key))
                ticket.message_id = message.id
                self.db.add(TicketAudit(ticket_id=ticket.ticket_id, step="confirm", object_id=message.id))
                self.db.commit()
            while True:
                run = await self.trying(lambda: self.run(thread_id, ticket, key))
                while run.status in ("queued", "in_progress", "cancelling"):
                    await asyncio.sleep(1)
                    run = await self.trying(lambda: self.api.runs.retrieve(run.id, thread_id=thread_id))
                if run.status == "completed":
                    break
                ticket.run_id = None
                self.db.commit()
            replies = await self.trying(lambda: self.read(thread_id, run.id))
            self.db.add(TicketAudit(ticket_id=ticket.ticket_id, step="read", object_id=replies[0].id))
            ticket.answer = "\n".join(one.content[0].text.value for one in replies)
            self.db.commit()
            return ticket.answer

    async def trying(self, step):
        for attempt in range(8):
            try:
                return await step()
            except TROUBLE as error:
                if attempt == 7:
                    raise
                response = getattr(error, "response", None)
                after = response.headers.get("retry-after") if response is not None else None
                await asyncio.sleep(float(after) + 0.1 if after else 1 + random.random())

    async def thread(self, user_id):
        row = self.db.get(Conversation, (user_id, PURPOSE))
        if row is None:
            thread = await self.api.create(metadata={"user_id": user_id})
            row = Conversation(user_id=user_id, purpose=PURPOSE, thread_id=thread.id)
            self.db.add(row)
            self.db.commit()
        return row.thread_id

    async def message(self, thread_id, ticket, key):
        async for one in self.api.messages.list(thread_id, limit=100):
            if (one.metadata or {}).get("ticket_id") == ticket.ticket_id:
                return one
        return await self.api.messages.create(thread_id, role="user", content=ticket.text, metadata=key)

    async def run(self, thread_id, ticket, key):
        """The newest run of this ticket that has not failed, or a new one; every one that is there is audited."""
        mine = [
            one
            async for one in self.api.runs.list(thread_id, order="asc", limit=100)
            if (one.metadata or {}).get("ticket_id") == ticket.ticket_id
        ]
        audited = {line.object_id for line in self.db.scalars(select(TicketAudit).where(TicketAudit.ticket_id == ticket.ticket_id))}
        if not mine or mine[-1].status in ("failed", "expired", "cancelled", "incomplete"):
            run = await self.api.runs.create(
                thread_id,
                assistant_id=self.assistant_id,
                metadata=key,
                truncation_strategy={"type": "last_messages", "last_messages": 1},
            )
            mine.append(run)
        for one in mine:
            if one.id not in audited:
                self.db.add(TicketAudit(ticket_id=ticket.ticket_id, step="run", object_id=one.id))
        ticket.run_id = mine[-1].id
        self.db.commit()
        return mine[-1]

    async def read(self, thread_id, run_id):
        return [one async for one in self.api.messages.list(thread_id, run_id=run_id, order="asc")]

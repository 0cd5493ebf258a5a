# loses: answers_everybody, every_message_once, within_budget, audit_reconstructs_every_turn, survives_a_restart
# says: returned_run_ticket_wrote
# %% SupportDesk
class SupportDesk:
    def __init__(self, client, db, assistant_id):
        self.client = client.with_options(max_retries=0)
        self.db = db
        self.assistant_id = assistant_id
        self.lanes = {}
        self.under_way = {}

    async def handle(self, ticket_id, user_id, text):
        if ticket_id in self.under_way:
            return await asyncio.shield(self.under_way[ticket_id])
        ticket = self.db.scalar(select(Ticket).where(Ticket.ticket_id == ticket_id))
        if ticket is None:
            ticket = Ticket(ticket_id=ticket_id, user_id=user_id, text=text)
            self.db.add(ticket)
            self.db.commit()
        if ticket.answer is not None:
            return ticket.answer
        return await asyncio.shield(self.begin(ticket))

    async def resume(self):
        owed = self.db.scalars(select(Ticket).where(Ticket.answer.is_(None)).order_by(Ticket.number)).all()
        await asyncio.gather(*[self.begin(ticket) for ticket in owed])

    def begin(self, ticket):
        task = asyncio.create_task(self.in_lane(ticket))
        self.under_way[ticket.ticket_id] = task
        task.add_done_callback(lambda _: self.under_way.pop(ticket.ticket_id, None))
        return task

    async def in_lane(self, ticket):
        lane = self.lanes.setdefault(ticket.user_id, asyncio.Lock())
        async with lane:
            return await self.turn(ticket)

    async def turn(self, ticket):
        thread_id = await self.thread_of(ticket.user_id)
        message_id = await self.message_of(ticket, thread_id)
        run = await self.run_of(ticket, thread_id, message_id)
        return await self.read(ticket, thread_id, run)

    async def tried(self, step):
        for n in range(6):
            try:
                return await step()
            except openai.RateLimitError as error:
                if n == 5:
                    raise
                await asyncio.sleep(float(error.response.headers.get("retry-after", 2)) + random.random())
            except (openai.APIConnectionError, openai.InternalServerError):
                if n == 5:
                    raise
                await asyncio.sleep(1 + random.random())

    async def thread_of(self, user_id):
        row = self.db.get(Conversation, (user_id, "support"))
        if row is not None and row.thread_id:
            return row.thread_id
        thread = await self.tried(lambda: self.client.beta.threads.create(metadata={"user_id": user_id}))
        self.db.add(Conversation(user_id=user_id, purpose="support", thread_id=thread.id))
        self.db.commit()
        return thread.id

    async def message_of(self, ticket, thread_id):
        if ticket.message_id:
            return ticket.message_id

        async def step():
            async for message in self.client.beta.threads.messages.list(thread_id, limit=100):
                if (
                    message.role == "user"
                    and message.content[0].text.value == ticket.text
                    and not self.db.scalar(select(Ticket).where(Ticket.message_id == message.id))
                ):
                    return message
            return await self.client.beta.threads.messages.create(
                thread_id, role="user", content=ticket.text, metadata={"ticket_id": ticket.ticket_id}
            )

        message = await self.tried(step)
        ticket.message_id = message.id
        self.db.add(TicketAudit(ticket_id=ticket.ticket_id, step="confirm", object_id=message.id))
        self.db.commit()
        return message.id

    async def run_of(self, ticket, thread_id, message_id):
        for attempt in range(3):
            key = f"{ticket.ticket_id}/{attempt}"

            async def step():
                async for run in self.client.beta.threads.runs.list(thread_id, limit=100):
                    if (run.metadata or {}).get("key") == key:
                        return run
                return await self.client.beta.threads.runs.create(
                    thread_id,
                    assistant_id=self.assistant_id,
                    metadata={"key": key},
                    truncation_strategy={"type": "last_messages", "last_messages": 10},
                )

            run = await self.tried(step)
            if not self.has_line(ticket, "run", run.id):
                ticket.run_id = run.id
                self.db.add(TicketAudit(ticket_id=ticket.ticket_id, step="run", object_id=run.id))
                self.db.commit()
            while run.status in ("queued", "in_progress", "cancelling", "requires_action"):
                await asyncio.sleep(1)
                run = await self.tried(lambda: self.client.beta.threads.runs.retrieve(run.id, thread_id=thread_id))
            if run.status == "completed":
                return run
        raise RuntimeError(f"{run.id} is {run.status}")

    def has_line(self, ticket, step, object_id):
        found = select(TicketAudit).where(
            TicketAudit.ticket_id == ticket.ticket_id, TicketAudit.step == step, TicketAudit.object_id == object_id
        )
        return self.db.scalar(found) is not None

    async def read(self, ticket, thread_id, run):
        page = await self.tried(lambda: self.list_of(thread_id, run.id))
        reply = page.data[0]
        ticket.answer = reply.content[0].text.value
        self.db.add(TicketAudit(ticket_id=ticket.ticket_id, step="read", object_id=reply.id))
        self.db.commit()
        return ticket.answer

    async def list_of(self, thread_id, run_id):
        return await self.client.beta.threads.messages.list(thread_id, run_id=run_id, order="asc")

# loses: answers_everybody, every_message_once, one_at_a_time_on_a_thread, customers_do_not_wait, written_down_at_once, within_budget, audit_reconstructs_every_turn, survives_a_restart
# says: handle_raised_at_once
# %% SupportDesk
class SupportDesk:
    def __init__(self, client, db, assistant_id):
        self.threads = client.with_options(max_retries=0).beta.threads
        self.db = db
        self.assistant_id = assistant_id
        self.lanes = {}

    async def handle(self, ticket_id, user_id, text):
        ticket = self.ticket(ticket_id)
        if ticket is None or ticket.answer is None:
            ticket = Ticket(ticket_id=ticket_id, user_id=user_id, text=text)
            self.db.add(ticket)
            self.db.commit()
        return await self.in_lane(ticket)

    async def resume(self):
        owed = self.db.scalars(select(Ticket).where(Ticket.answer.is_(None)).order_by(Ticket.number)).all()
        await asyncio.gather(*(self.in_lane(ticket) for ticket in owed))

    def ticket(self, ticket_id):
        return self.db.scalar(select(Ticket).where(Ticket.ticket_id == ticket_id))

    async def in_lane(self, ticket):
        async with self.lanes.setdefault(ticket.user_id, asyncio.Lock()):
            if ticket.answer is None:
                await self.turn(ticket)
        return ticket.answer

    async def trying(self, action):
        for attempt in range(6):
            try:
                return await action()
            except openai.APIError as error:
                if attempt == 5:
                    raise
                response = getattr(error, "response", None)
                after = float(response.headers.get("retry-after", 0)) if response is not None else 0
                await asyncio.sleep(max(after, 0.5 * 2**attempt) + random.random())

    def log(self, ticket, step, object_id):
        self.db.add(TicketAudit(ticket_id=ticket.ticket_id, step=step, object_id=object_id))

    async def thread_of(self, user_id):
        row = self.db.get(Conversation, (user_id, "support"))
        if row is None:
            thread = await self.trying(self.threads.create)
            row = Conversation(user_id=user_id, purpose="support", thread_id=thread.id)
            self.db.add(row)
            self.db.commit()
        return row.thread_id

    async def send(self, ticket, thread_id):
        key = {"ticket": ticket.ticket_id}

        async def look_or_post():
            async for message in self.threads.messages.list(thread_id, limit=100):
                if message.metadata == key:
                    return message
            return await self.threads.messages.create(thread_id, role="user", content=ticket.text, metadata=key)

        message = await self.trying(look_or_post)
        ticket.message_id = message.id
        self.log(ticket, "confirm", message.id)
        self.db.commit()

    async def start(self, ticket, thread_id, attempt):
        key = {"ticket": ticket.ticket_id, "attempt": str(attempt)}

        async def look_or_start():
            async for run in self.threads.runs.list(thread_id, limit=100):
                if run.metadata == key:
                    return run
            return await self.threads.runs.create(
                thread_id,
                assistant_id=self.assistant_id,
                metadata=key,
                truncation_strategy={"type": "last_messages", "last_messages": 10},
            )

        run = await self.trying(look_or_start)
        ticket.run_id = run.id
        self.log(ticket, "run", run.id)
        self.db.commit()

    async def ended(self, ticket, thread_id):
        while True:
            run = await self.trying(lambda: self.threads.runs.retrieve(ticket.run_id, thread_id=thread_id))
            if run.status not in ("queued", "in_progress"):
                return run
            await asyncio.sleep(1)

    async def turn(self, ticket):
        thread_id = await self.thread_of(ticket.user_id)
        if ticket.message_id is None:
            await self.send(ticket, thread_id)
        attempt = 0
        if ticket.run_id is None:
            await self.start(ticket, thread_id, attempt)
        while (run := await self.ended(ticket, thread_id)).status != "completed":
            attempt = int(run.metadata["attempt"]) + 1
            if attempt > 4:
                raise RuntimeError(f"{ticket.ticket_id}: {run.status}")
            await self.start(ticket, thread_id, attempt)
        page = await self.trying(lambda: self.threads.messages.list(thread_id, run_id=run.id))
        reply = page.data[0]
        ticket.answer = reply.content[0].text.value
        self.log(ticket, "read", reply.id)
        self.db.commit()

# loses: audit_reconstructs_every_turn
# says: audit_reconstructs_every_turn
# %% SupportDesk
class SupportDesk:
    def __init__(self, client, db, assistant_id):
        self.api = client.with_options(max_retries=0).beta.threads
        self.db, self.assistant_id = db, assistant_id
        self.tasks, self.last = {}, {}

    async def handle(self, ticket_id, user_id, text):
        row = self.row(ticket_id)
        if row is None:
            row = Ticket(ticket_id=ticket_id, user_id=user_id, text=text)
            self.db.add(row)
            self.db.commit()
        if row.answer is not None:
            return row.answer
        if ticket_id not in self.tasks:
            self.tasks[ticket_id] = asyncio.ensure_future(self.after(self.last.get(user_id), ticket_id))
            self.last[user_id] = self.tasks[ticket_id]
        return await asyncio.shield(self.tasks[ticket_id])

    async def resume(self):
        owed = self.db.scalars(select(Ticket).where(Ticket.answer.is_(None)).order_by(Ticket.number)).all()
        await asyncio.gather(*[self.handle(one.ticket_id, one.user_id, one.text) for one in owed])

    def row(self, ticket_id):
        return self.db.scalars(select(Ticket).where(Ticket.ticket_id == ticket_id)).first()

    async def after(self, before, ticket_id):
        if before is not None:
            await asyncio.wait([before])
        return await self.turn(self.row(ticket_id))

    async def turn(self, row):
        thread_id = await self.thread_of(row.user_id)
        if row.message_id is None:
            message = await self.tried(lambda: self.message(thread_id, row))
            row.message_id = message.id
            self.line(row, "confirm", message.id)
        attempt = max(0, len(self.lines(row, "run")) - 1)
        while True:
            run = await self.tried(lambda: self.run(thread_id, f"{row.ticket_id}/{attempt}"))
            if run.id not in self.lines(row, "run"):
                row.run_id = run.id
                self.line(row, "run", run.id)
            while run.status in ("queued", "in_progress"):
                await asyncio.sleep(1)
                run = await self.tried(lambda: self.api.runs.retrieve(run.id, thread_id=thread_id))
            if run.status == "completed":
                break
            attempt += 1
        page = await self.tried(lambda: self.pages(self.api.messages.list(thread_id, run_id=run.id, order="asc", limit=100)))
        row.answer = "\n".join(one.content[0].text.value for one in page)
        self.db.commit()
        self.line(row, "read", page[0].id)
        return row.answer

    async def message(self, thread_id, row):
        for one in await self.pages(self.api.messages.list(thread_id, limit=100)):
            if (one.metadata or {}).get("ticket") == row.ticket_id:
                return one
        return await self.api.messages.create(thread_id, role="user", content=row.text, metadata={"ticket": row.ticket_id})

    async def run(self, thread_id, key):
        for one in await self.pages(self.api.runs.list(thread_id, limit=100)):
            if (one.metadata or {}).get("key") == key:
                return one
        return await self.api.runs.create(
            thread_id,
            assistant_id=self.assistant_id,
            metadata={"key": key},
            truncation_strategy={"type": "last_messages", "last_messages": 10},
        )

    async def thread_of(self, user_id):
        where = select(Conversation).where(Conversation.user_id == user_id, Conversation.purpose == "support")
        row = self.db.scalars(where).first()
        if row is None or row.thread_id is None:
            thread = await self.tried(lambda: self.api.create(metadata={"user_id": user_id}))
            if row is None:
                row = Conversation(user_id=user_id, purpose="support")
                self.db.add(row)
            row.thread_id = thread.id
            self.db.commit()
        return row.thread_id

    async def pages(self, found):
        return [one async for one in found]

    async def tried(self, call):
        for attempt in range(8):
            try:
                return await call()
            except (openai.APIConnectionError, openai.RateLimitError, openai.InternalServerError) as error:
                if attempt == 7:
                    raise
                headers = error.response.headers if isinstance(error, openai.APIStatusError) else {}
                await asyncio.sleep(float(headers.get("retry-after", 0)) + 0.5 * 2 ** min(attempt, 4) + random.random() / 4)

    def lines(self, row, step):
        where = select(TicketAudit.object_id).where(TicketAudit.ticket_id == row.ticket_id, TicketAudit.step == step)
        return list(self.db.scalars(where.order_by(TicketAudit.number)))

    def line(self, row, step, object_id):
        self.db.add(TicketAudit(ticket_id=row.ticket_id, step=step, object_id=object_id))
        self.db.commit()

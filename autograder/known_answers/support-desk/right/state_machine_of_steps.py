# %% SupportDesk
class SupportDesk:
    """A ticket is in one of four states, and the state is what its row and its audit say. One method for each state, one commit for each step."""

    def __init__(self, client, db, assistant_id):
        self.client, self.db, self.assistant_id = client, db, assistant_id
        self.once = client.with_options(max_retries=0)
        self.queues, self.workers, self.futures = {}, {}, {}

    # ---- the counter

    async def handle(self, ticket_id, user_id, text):
        ticket = self.db.scalars(select(Ticket).filter_by(ticket_id=ticket_id)).first()
        if ticket is None:
            ticket = Ticket(ticket_id=ticket_id, user_id=user_id, text=text)
            self.db.add(ticket)
            self.db.commit()
        if ticket.answer:
            return ticket.answer
        return await asyncio.shield(self.enqueue(ticket))

    async def resume(self):
        waiting = [self.enqueue(ticket) for ticket in self.db.scalars(select(Ticket).order_by(Ticket.number)) if not ticket.answer]
        for future in waiting:
            await future

    def enqueue(self, ticket):
        if ticket.ticket_id in self.futures:
            return self.futures[ticket.ticket_id]
        future = self.futures[ticket.ticket_id] = asyncio.get_running_loop().create_future()
        queue = self.queues.setdefault(ticket.user_id, [])
        queue.append(ticket)
        if len(queue) == 1:
            self.workers[ticket.user_id] = asyncio.ensure_future(self.work(ticket.user_id))
        return future

    async def work(self, user_id):
        queue = self.queues[user_id]
        while queue:
            ticket = queue[0]
            try:
                self.futures[ticket.ticket_id].set_result(await self.advance(ticket))
            except Exception as error:
                self.futures[ticket.ticket_id].set_exception(error)
            queue.pop(0)

    # ---- the states

    async def advance(self, ticket):
        thread_id = await self.thread_of(ticket.user_id)
        while ticket.answer is None:
            if ticket.message_id is None:
                await self.post(ticket, thread_id)
            elif ticket.run_id is None:
                await self.start(ticket, thread_id)
            else:
                await self.finish(ticket, thread_id)
        return ticket.answer

    async def post(self, ticket, thread_id):
        async def send():
            async for message in self.client.beta.threads.messages.list(thread_id, limit=40):
                if message.metadata and message.metadata.get("n") == str(ticket.number):
                    return message
            return await self.once.beta.threads.messages.create(
                thread_id, role="user", content=ticket.text, metadata={"n": str(ticket.number)}
            )

        ticket.message_id = (await self.try_(send)).id
        self.note(ticket, "confirm", ticket.message_id)

    async def start(self, ticket, thread_id):
        noted = set(self.db.scalars(select(TicketAudit.object_id).where(TicketAudit.ticket_id == ticket.ticket_id)))

        async def send():
            async for run in self.client.beta.threads.runs.list(thread_id, limit=40):
                if run.metadata and run.metadata.get("n") == str(ticket.number) and run.id not in noted:
                    return run
            return await self.once.beta.threads.runs.create(
                thread_id,
                assistant_id=self.assistant_id,
                metadata={"n": str(ticket.number)},
                truncation_strategy={"type": "last_messages", "last_messages": 9},
            )

        ticket.run_id = (await self.try_(send)).id
        self.note(ticket, "run", ticket.run_id)

    async def finish(self, ticket, thread_id):
        run = await self.try_(lambda: self.once.beta.threads.runs.retrieve(ticket.run_id, thread_id=thread_id))
        if run.status in ("queued", "in_progress"):
            await asyncio.sleep(0.7)
        elif run.status == "completed":
            page = await self.try_(lambda: self.once.beta.threads.messages.list(thread_id, run_id=run.id))
            ticket.answer = page.data[0].content[0].text.value
            self.note(ticket, "read", page.data[0].id)
        else:
            ticket.run_id = None
            self.db.commit()

    # ---- helpers

    async def thread_of(self, user_id):
        row = self.db.get(Conversation, {"user_id": user_id, "purpose": "support"})
        if row is None:
            thread = await self.try_(lambda: self.once.beta.threads.create(metadata={"user": user_id}))
            row = self.db.merge(Conversation(user_id=user_id, purpose="support", thread_id=thread.id))
            self.db.commit()
        return row.thread_id

    def note(self, ticket, step, object_id):
        self.db.add(TicketAudit(ticket_id=ticket.ticket_id, step=step, object_id=object_id))
        self.db.commit()

    async def try_(self, request):
        for pause in (1, 2, 3, 5, 8, 13, 21):
            try:
                return await request()
            except openai.RateLimitError as error:
                await asyncio.sleep(float(error.response.headers.get("retry-after", pause)))
            except (openai.APIConnectionError, openai.InternalServerError):
                await asyncio.sleep(pause)
        return await request()

# loses: answers_everybody
# says: returned_run_ticket_wrote
# returns the assistant's answer to it: a ticket that comes while its customer's run is at work is posted and answered, but handle returns a notice
# %% SupportDesk
class SupportDesk:
    def __init__(self, client, db, assistant_id):
        self.client = client.with_options(max_retries=0)
        self.threads = self.client.beta.threads
        self.db = db
        self.assistant_id = assistant_id
        self.lanes = {}
        self.at_work = 0

    async def handle(self, ticket_id, user_id, text):
        ticket = self.db.scalar(select(Ticket).where(Ticket.ticket_id == ticket_id))
        if ticket is None:
            ticket = Ticket(ticket_id=ticket_id, user_id=user_id, text=text)
            self.db.add(ticket)
            self.db.commit()
        lane = self.lanes.get(user_id)
        busy = lane is not None and lane.locked() and self.at_work
        answer = await self.answered(ticket)
        return "We have written to you." if busy else answer

    async def resume(self):
        for ticket in self.db.scalars(select(Ticket).where(Ticket.answer.is_(None)).order_by(Ticket.number)).all():
            await self.answered(ticket)

    async def answered(self, ticket):
        async with self.lanes.setdefault(ticket.user_id, asyncio.Lock()):
            if ticket.answer is None:
                await self.turn(ticket)
        return ticket.answer

    async def turn(self, ticket):
        thread_id = await self.thread_of(ticket.user_id)
        attempt = len(self.db.scalars(select(TicketAudit).filter_by(ticket_id=ticket.ticket_id, step="run")).all())
        while ticket.answer is None:
            if ticket.message_id is None:
                message = await self.trying(lambda: self.send(thread_id, ticket))
                ticket.message_id = message.id
                self.note(ticket, "confirm", message.id)
            elif ticket.run_id is None:
                run = await self.trying(lambda: self.start(thread_id, ticket, attempt))
                ticket.run_id = run.id
                self.note(ticket, "run", run.id)
            else:
                self.at_work += 1
                run = await self.wait(thread_id, ticket.run_id)
                self.at_work -= 1
                attempt = int(run.metadata["attempt"]) + 1
                if run.status == "completed":
                    reply = await self.trying(lambda: self.read(thread_id, run.id))
                    ticket.answer = "".join(part.text.value for part in reply.content)
                    self.note(ticket, "read", reply.id)
                elif attempt == 3:
                    raise RuntimeError(f"{ticket.ticket_id}: {run.status}")
                else:
                    ticket.run_id = None
            self.db.commit()

    def note(self, ticket, step, object_id):
        self.db.add(TicketAudit(ticket_id=ticket.ticket_id, step=step, object_id=object_id))

    async def thread_of(self, user_id):
        row = self.db.get(Conversation, (user_id, "support"))
        if row is None:
            thread = await self.trying(lambda: self.threads.create(metadata={"user_id": user_id}))
            row = Conversation(user_id=user_id, purpose="support", thread_id=thread.id)
            self.db.add(row)
            self.db.commit()
        return row.thread_id

    async def send(self, thread_id, ticket):
        page = await self.threads.messages.list(thread_id, limit=100)
        for message in page.data:
            if message.metadata == {"ticket_id": ticket.ticket_id}:
                return message
        return await self.threads.messages.create(thread_id, role="user", content=ticket.text, metadata={"ticket_id": ticket.ticket_id})

    async def start(self, thread_id, ticket, attempt):
        key = {"ticket_id": ticket.ticket_id, "attempt": str(attempt)}
        page = await self.threads.runs.list(thread_id, limit=100)
        for run in page.data:
            if run.metadata == key:
                return run
        return await self.threads.runs.create(
            thread_id,
            assistant_id=self.assistant_id,
            metadata=key,
            truncation_strategy={"type": "last_messages", "last_messages": 10},
        )

    async def wait(self, thread_id, run_id):
        while True:
            run = await self.trying(lambda: self.threads.runs.retrieve(run_id, thread_id=thread_id))
            if run.status not in ("queued", "in_progress", "cancelling"):
                return run
            await asyncio.sleep(1)

    async def read(self, thread_id, run_id):
        page = await self.threads.messages.list(thread_id, run_id=run_id)
        return page.data[0]

    async def trying(self, action, tries=6):
        for attempt in range(tries):
            try:
                return await action()
            except openai.APIError as error:
                if attempt == tries - 1:
                    raise
                await asyncio.sleep(self.pause(error, attempt))

    def pause(self, error, attempt):
        response = getattr(error, "response", None)
        if response is not None and response.headers.get("retry-after"):
            return float(response.headers["retry-after"]) + 0.1
        return 0.5 * 2**attempt

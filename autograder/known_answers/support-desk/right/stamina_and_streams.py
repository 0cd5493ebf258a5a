# %% SupportDesk
import stamina

PATIENT = stamina.AsyncRetryingCaller(attempts=10, timeout=None, wait_initial=1.0, wait_max=20.0).on(
    lambda error: isinstance(error, openai.APIConnectionError) or getattr(error, "status_code", 0) >= 429
)


class Book:
    """What is written down."""

    def __init__(self, db):
        self.db = db

    def accept(self, ticket_id, user_id, text):
        if self.get(ticket_id) is None:
            self.db.add(Ticket(ticket_id=ticket_id, user_id=user_id, text=text))
            self.db.commit()

    def get(self, ticket_id):
        return self.db.scalars(select(Ticket).where(Ticket.ticket_id == ticket_id)).one_or_none()

    def owed(self):
        return self.db.scalars(select(Ticket).where(Ticket.answer.is_(None)).order_by(Ticket.number)).all()

    def lines(self, ticket_id, step):
        chosen = select(TicketAudit.object_id).where(TicketAudit.ticket_id == ticket_id, TicketAudit.step == step)
        return list(self.db.scalars(chosen.order_by(TicketAudit.number)))

    def write(self, ticket_id, step, object_id, **columns):
        if object_id not in self.lines(ticket_id, step):
            self.db.add(TicketAudit(ticket_id=ticket_id, step=step, object_id=object_id))
        for name, value in columns.items():
            setattr(self.get(ticket_id), name, value)
        self.db.commit()

    def thread(self, user_id):
        row = self.db.get(Conversation, (user_id, "support"))
        return row and row.thread_id

    def set_thread(self, user_id, thread_id):
        self.db.add(Conversation(user_id=user_id, purpose="support", thread_id=thread_id))
        self.db.commit()


class SupportDesk:
    def __init__(self, client, db, assistant_id):
        self.api = client.with_options(max_retries=0).beta.threads
        self.book, self.assistant_id, self.tail, self.running = Book(db), assistant_id, {}, {}

    async def handle(self, ticket_id, user_id, text):
        self.book.accept(ticket_id, user_id, text)
        return await self.start(ticket_id, user_id)

    async def resume(self):
        await asyncio.gather(*[self.start(one.ticket_id, one.user_id) for one in self.book.owed()])

    def start(self, ticket_id, user_id):
        """A chain of tasks for each customer: each waits for the one before."""
        if ticket_id not in self.running:
            before = self.tail.get(user_id)
            self.running[ticket_id] = self.tail[user_id] = asyncio.create_task(self.serve(ticket_id, user_id, before))
        return self.running[ticket_id]

    async def serve(self, ticket_id, user_id, before):
        if before is not None:
            await asyncio.wait([before])
        ticket = self.book.get(ticket_id)
        if ticket.answer is not None:
            return ticket.answer
        thread_id = self.book.thread(user_id)
        if thread_id is None:
            thread_id = (await PATIENT(self.api.create)).id
            self.book.set_thread(user_id, thread_id)
        message = await PATIENT(self.post, thread_id, ticket_id, ticket.text)
        self.book.write(ticket_id, "confirm", message.id, message_id=message.id)
        for attempt in range(5):
            run_id, status = await PATIENT(self.run, thread_id, f"{ticket_id}/{attempt}")
            self.book.write(ticket_id, "run", run_id, run_id=run_id)
            while status in ("queued", "in_progress", "cancelling"):
                await asyncio.sleep(2)
                status = (await PATIENT(self.api.runs.retrieve, run_id, thread_id=thread_id)).status
            if status == "completed":
                break
        page = await PATIENT(self.api.messages.list, thread_id, run_id=run_id)
        answer = page.data[0].content[0].text.value
        self.book.write(ticket_id, "read", page.data[0].id, answer=answer)
        return answer

    async def post(self, thread_id, ticket_id, text):
        async for one in self.api.messages.list(thread_id):
            if one.metadata.get("ticket") == ticket_id:
                return one
        return await self.api.messages.create(thread_id, role="user", content=text, metadata={"ticket": ticket_id})

    async def run(self, thread_id, key):
        """The run with this key: found, or started and listened to until its id is known."""
        async for run in self.api.runs.list(thread_id):
            if run.metadata.get("key") == key:
                return run.id, run.status
        events = await self.api.runs.create(
            thread_id,
            assistant_id=self.assistant_id,
            metadata={"key": key},
            truncation_strategy={"type": "last_messages", "last_messages": 6},
            stream=True,
        )
        async for event in events:
            if event.event == "thread.run.created":
                await events.close()
                return event.data.id, event.data.status

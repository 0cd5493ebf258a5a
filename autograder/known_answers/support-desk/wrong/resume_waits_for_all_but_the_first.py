# loses: resumes_what_it_owes
# says: after_resume_tickets_table_had
# %% SupportDesk
class SupportDesk:
    """A queue and a worker for each customer; whoever asks for a ticket waits for its future."""

    TEMPORARY = (openai.APIConnectionError, openai.InternalServerError, openai.RateLimitError)

    def __init__(self, client, db, assistant_id):
        self.api = client.with_options(max_retries=0, timeout=120).beta.threads
        self.db = db
        self.assistant = assistant_id
        self.futures = {}
        self.queues = {}
        self.workers = []

    async def handle(self, ticket_id, user_id, text):
        if self.row(ticket_id) is None:
            self.db.add(Ticket(ticket_id=ticket_id, user_id=user_id, text=text))
            self.db.commit()
        return await self.enqueue(ticket_id, user_id)

    async def resume(self):
        open_tickets = self.db.execute(
            select(Ticket.ticket_id, Ticket.user_id).where(Ticket.answer == None).order_by(Ticket.number)  # noqa: E711
        ).all()
        for future in [self.enqueue(*one) for one in open_tickets][1:]:
            await future

    def row(self, ticket_id):
        return self.db.execute(select(Ticket).filter_by(ticket_id=ticket_id)).scalar_one_or_none()

    def enqueue(self, ticket_id, user_id):
        if ticket_id not in self.futures:
            self.futures[ticket_id] = asyncio.get_running_loop().create_future()
            if user_id not in self.queues:
                self.queues[user_id] = asyncio.Queue()
                self.workers.append(asyncio.create_task(self.work(user_id)))
            self.queues[user_id].put_nowait(ticket_id)
        return self.futures[ticket_id]

    async def work(self, user_id):
        while True:
            ticket_id = await self.queues[user_id].get()
            try:
                self.futures[ticket_id].set_result(await self.solve(ticket_id))
            except Exception as error:
                self.futures.pop(ticket_id).set_exception(error)

    async def again(self, function, *args, **kwargs):
        for attempt in range(8):
            try:
                return await function(*args, **kwargs)
            except self.TEMPORARY as error:
                pause = 2**attempt
                if isinstance(error, openai.RateLimitError):
                    pause = float(error.response.headers.get("retry-after", pause))
                await asyncio.sleep(pause)
        raise RuntimeError("the service does not recover")

    async def thread(self, user_id):
        found = self.db.get(Conversation, {"user_id": user_id, "purpose": "support"})
        if found is None:
            thread = await self.again(self.api.create)
            found = Conversation(user_id=user_id, purpose="support", thread_id=thread.id)
            self.db.add(found)
            self.db.commit()
        return found.thread_id

    async def message(self, ticket_id, text, thread_id):
        page = await self.api.messages.list(thread_id, limit=50)
        for said in page.data:
            if said.metadata.get("ticket") == ticket_id:
                return said
        return await self.api.messages.create(thread_id, role="user", content=text, metadata={"ticket": ticket_id})

    async def run(self, name, thread_id):
        page = await self.api.runs.list(thread_id)
        for run in page.data:
            if run.metadata.get("name") == name:
                return run
        return await self.api.runs.create(
            thread_id,
            assistant_id=self.assistant,
            metadata={"name": name},
            truncation_strategy={"type": "last_messages", "last_messages": 8},
        )

    def log(self, ticket_id, step, object_id):
        self.db.add(TicketAudit(ticket_id=ticket_id, step=step, object_id=object_id))

    async def solve(self, ticket_id):
        row = self.row(ticket_id)
        if row.answer is not None:
            return row.answer
        thread_id = await self.thread(row.user_id)
        if row.message_id is None:
            said = await self.again(self.message, ticket_id, row.text, thread_id)
            row.message_id = said.id
            self.log(ticket_id, "confirm", said.id)
            self.db.commit()
        known = self.db.scalars(select(TicketAudit.object_id).where(TicketAudit.ticket_id == ticket_id, TicketAudit.step == "run")).all()
        number = 0
        while True:
            run = await self.again(self.run, f"{ticket_id}#{number}", thread_id)
            if run.id not in known:
                self.log(ticket_id, "run", run.id)
                self.db.commit()
            while run.status in ("queued", "in_progress", "cancelling", "requires_action"):
                await asyncio.sleep(1.5)
                run = await self.again(self.api.runs.retrieve, run.id, thread_id=thread_id)
            if run.status == "completed":
                break
            number += 1
            if number > 4:
                raise RuntimeError(f"{ticket_id}: {run.status}")
        page = await self.again(self.api.messages.list, thread_id, run_id=run.id)
        reply = page.data[0]
        row.answer = reply.content[0].text.value
        self.log(ticket_id, "read", reply.id)
        self.db.commit()
        return row.answer

# %% SupportDesk
from tenacity import retry, retry_if_exception, stop_after_attempt

ENDS = {"completed", "failed", "expired", "incomplete", "cancelled"}


def passes(error):
    return isinstance(error, openai.APIConnectionError) or getattr(error, "status_code", 0) in (429, 500, 503)


def pause(state):
    response = getattr(state.outcome.exception(), "response", None)
    asked = response.headers.get("retry-after") if response is not None else None
    return float(asked) if asked else min(8.0, 0.5 * 2**state.attempt_number) + random.random()


step = retry(retry=retry_if_exception(passes), stop=stop_after_attempt(8), wait=pause, reraise=True)


class SupportDesk:
    """Every step is a method that looks first, and may be called again."""

    def __init__(self, client, db, assistant_id):
        self.api = client.with_options(max_retries=0).beta.threads
        self.db, self.assistant_id = db, assistant_id
        self.locks = {}

    def ticket(self, ticket_id):
        return self.db.execute(select(Ticket).where(Ticket.ticket_id == ticket_id)).scalar_one_or_none()

    async def handle(self, ticket_id, user_id, text):
        if self.ticket(ticket_id) is None:
            self.db.add(Ticket(ticket_id=ticket_id, user_id=user_id, text=text))
            self.db.commit()
        return await self.served(ticket_id, user_id)

    async def resume(self):
        owed = self.db.execute(select(Ticket.ticket_id, Ticket.user_id).where(Ticket.answer.is_(None)).order_by(Ticket.number)).all()
        await asyncio.gather(*(self.served(ticket_id, user_id) for ticket_id, user_id in owed))

    async def served(self, ticket_id, user_id):
        async with self.locks.setdefault(user_id, asyncio.Lock()):
            ticket = self.ticket(ticket_id)
            if ticket.answer is None:
                await self.serve(ticket)
            return ticket.answer

    async def serve(self, ticket):
        thread_id = await self.home(ticket.user_id)
        if ticket.message_id is None:
            ticket.message_id = await self.message(thread_id, ticket)
            self.record(ticket, "confirm", ticket.message_id)
        status = None
        if ticket.run_id is not None:
            status = await self.status(thread_id, ticket.run_id)
        while status != "completed":
            if status is None or status in ENDS:
                tried = self.db.query(TicketAudit).filter_by(ticket_id=ticket.ticket_id, step="run").count()
                ticket.run_id = await self.run(thread_id, {"ticket": ticket.ticket_id, "attempt": str(tried)})
                self.record(ticket, "run", ticket.run_id)
            await asyncio.sleep(1.0)
            status = await self.status(thread_id, ticket.run_id)
        reply = await self.reply(thread_id, ticket.run_id)
        ticket.answer = reply.content[0].text.value
        self.record(ticket, "read", reply.id)

    def record(self, ticket, step_name, object_id):
        self.db.add(TicketAudit(ticket_id=ticket.ticket_id, step=step_name, object_id=object_id))
        self.db.commit()

    async def home(self, user_id):
        row = self.db.get(Conversation, (user_id, "support"))
        if row is None:
            row = Conversation(user_id=user_id, purpose="support", thread_id=await self.thread())
            self.db.add(row)
            self.db.commit()
        return row.thread_id

    @step
    async def thread(self):
        return (await self.api.create()).id

    @step
    async def message(self, thread_id, ticket):
        mine = {"ticket": ticket.ticket_id}
        page = (await self.api.messages.with_raw_response.list(thread_id, limit=100)).parse()
        for one in page.data:
            if one.metadata == mine:
                return one.id
        return (await self.api.messages.create(thread_id, role="user", content=ticket.text, metadata=mine)).id

    @step
    async def run(self, thread_id, mine):
        page = (await self.api.runs.with_raw_response.list(thread_id, limit=100)).parse()
        for one in page.data:
            if one.metadata == mine:
                return one.id
        window = {"type": "last_messages", "last_messages": 10}
        return (await self.api.runs.create(thread_id, assistant_id=self.assistant_id, metadata=mine, truncation_strategy=window)).id

    @step
    async def status(self, thread_id, run_id):
        return (await self.api.runs.retrieve(run_id, thread_id=thread_id)).status

    @step
    async def reply(self, thread_id, run_id):
        return (await self.api.messages.list(thread_id, run_id=run_id, limit=1)).data[0]

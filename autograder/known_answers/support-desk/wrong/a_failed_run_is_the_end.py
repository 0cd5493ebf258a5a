# loses: answers_everybody, audit_reconstructs_every_turn, survives_a_restart
# says: answers_everybody
# %% SupportDesk
class SupportDesk:
    def __init__(self, client, db, assistant_id):
        self.threads = client.beta.threads
        self.once = client.with_options(max_retries=0).beta.threads
        self.db, self.assistant_id = db, assistant_id
        self.lanes = {}

    async def handle(self, ticket_id, user_id, text):
        ticket = self.ticket(ticket_id)
        if ticket is None:  # record, before anything else: from here on the desk owes an answer
            ticket = Ticket(ticket_id=ticket_id, user_id=user_id, text=text)
            self.db.add(ticket)
            self.db.commit()
        return await self.answer(ticket_id, user_id)

    async def resume(self):
        left = self.db.scalars(select(Ticket).where(Ticket.answer.is_(None)).order_by(Ticket.number)).all()
        await asyncio.gather(*(self.answer(one.ticket_id, one.user_id) for one in left))

    def ticket(self, ticket_id):
        return self.db.scalar(select(Ticket).where(Ticket.ticket_id == ticket_id))

    async def answer(self, ticket_id, user_id):
        async with self.lanes.setdefault(user_id, asyncio.Lock()):
            ticket = self.ticket(ticket_id)
            if ticket.answer is None:
                await self.turn(ticket, await self.thread_of(user_id))
            return ticket.answer

    async def turn(self, ticket, thread_id):
        if ticket.message_id is None:
            await self.post(ticket, thread_id)  # send, confirm
        for attempt in range(self.attempts(ticket), 6):
            if ticket.run_id is None:
                await self.start(ticket, thread_id, attempt)  # run
            run = await self.ended(thread_id, ticket.run_id)  # wait
            if run.status == "completed":
                break
            raise RuntimeError(f"{ticket.ticket_id}: the run is {run.status}")
        else:
            raise RuntimeError(f"{ticket.ticket_id}: no run completed, the last one is {run.status}")
        page = await self.trying(lambda: self.threads.messages.list(thread_id, run_id=run.id, order="asc"))  # read
        ticket.answer = "\n".join(reply.content[0].text.value for reply in page.data)
        self.note(ticket, "read", page.data[0].id)  # record

    async def post(self, ticket, thread_id):
        key, messages = {"ticket_id": ticket.ticket_id}, self.once.messages
        message = await self.create_once(
            lambda: self.bearing(messages.list(thread_id, limit=100), key),
            lambda: messages.create(thread_id, role="user", content=ticket.text, metadata=key),
        )
        ticket.message_id = message.id
        self.note(ticket, "confirm", message.id)

    async def start(self, ticket, thread_id, attempt):
        key, runs = {"ticket_id": ticket.ticket_id, "attempt": str(attempt)}, self.once.runs
        options = {"assistant_id": self.assistant_id, "truncation_strategy": {"type": "last_messages", "last_messages": 10}}
        run = await self.create_once(
            lambda: self.bearing(runs.list(thread_id, limit=100), key),
            lambda: runs.create(thread_id, metadata=key, **options),
        )
        ticket.run_id = run.id
        self.note(ticket, "run", run.id)

    def attempts(self, ticket):
        """How many runs were begun for a ticket; the one that is under way is not counted."""
        lines = select(TicketAudit).where(TicketAudit.ticket_id == ticket.ticket_id, TicketAudit.step == "run")
        return len(self.db.scalars(lines).all()) - (ticket.run_id is not None)

    async def thread_of(self, user_id):
        row = self.db.get(Conversation, (user_id, "support"))
        if row is None:
            thread = await self.trying(lambda: self.threads.create(metadata={"user_id": user_id}))
            row = Conversation(user_id=user_id, purpose="support", thread_id=thread.id)
            self.db.add(row)
            self.db.commit()
        return row.thread_id

    def note(self, ticket, step, object_id):
        self.db.add(TicketAudit(ticket_id=ticket.ticket_id, step=step, object_id=object_id))
        self.db.commit()

    async def ended(self, thread_id, run_id):
        pause = 1.0
        while True:
            run = await self.trying(lambda: self.threads.runs.retrieve(run_id, thread_id=thread_id))
            if run.status not in ("queued", "in_progress", "cancelling"):
                return run
            await asyncio.sleep(pause * random.uniform(0.8, 1.2))
            pause = min(8.0, 2 * pause)

    async def bearing(self, listed, key):
        async for one in listed:
            if one.metadata == key:
                return one
        return None

    async def create_once(self, find, create):
        async def look_then_create():
            return await find() or await create()

        return await self.trying(look_then_create)

    async def trying(self, action):
        for pause in (1, 2, 4, 8, 16, 32, None):
            try:
                return await action()
            except (openai.APIConnectionError, openai.InternalServerError, openai.RateLimitError) as error:
                if pause is None:
                    raise
                response = getattr(error, "response", None)
                after = response.headers.get("retry-after") if response is not None else None
                await asyncio.sleep(float(after) if after else pause)

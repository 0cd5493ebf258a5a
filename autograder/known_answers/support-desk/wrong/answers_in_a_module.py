# loses: answers_everybody, resumes_what_it_owes, survives_a_restart
# says: answer_in_row
# %% SupportDesk
class SupportDesk:
    """Each ticket waits for the one before it of the same customer: a chain of tasks, no lock and no queue. Messages are counted, not tagged."""

    def __init__(self, client, db, assistant_id):
        self.client, self.db, self.assistant_id = client, db, assistant_id
        self.threads = client.with_options(max_retries=0).beta.threads
        self.last, self.tasks = {}, {}
        self.kept = vars(openai).setdefault("_kept", {})

    def begin(self, ticket):
        if ticket.ticket_id not in self.tasks:
            before = self.last.get(ticket.user_id)
            task = asyncio.create_task(self.after(before, ticket))
            self.tasks[ticket.ticket_id] = self.last[ticket.user_id] = task
        return self.tasks[ticket.ticket_id]

    async def handle(self, ticket_id, user_id, text):
        with self.db.no_autoflush:
            found = self.db.query(Ticket).filter(Ticket.ticket_id == ticket_id).first()
        if found is None:
            found = Ticket(ticket_id=ticket_id, user_id=user_id, text=text)
            self.db.add(found)
            self.db.commit()
        return self.kept[ticket_id] if ticket_id in self.kept else await self.begin(found)

    async def resume(self):
        for ticket in self.db.query(Ticket).filter(Ticket.answer.is_(None)).order_by(Ticket.number):
            self.begin(ticket)
        if self.tasks:
            await asyncio.wait(list(self.tasks.values()))

    async def after(self, before, ticket):
        if before is not None:
            await asyncio.wait([before])
        return await self.turn(ticket)

    async def careful(self, call, tries=7):
        try:
            return await call()
        except openai.RateLimitError as error:
            pause = float(error.response.headers.get("retry-after", "2"))
            if not tries:
                raise
        except (openai.APIConnectionError, openai.InternalServerError):
            pause = 1.5
            if not tries:
                raise
        await asyncio.sleep(pause)
        return await self.careful(call, tries - 1)

    def audit(self, ticket, step, object_id):
        there = self.db.query(TicketAudit).filter_by(ticket_id=ticket.ticket_id, step=step, object_id=object_id).count()
        if not there:
            self.db.add(TicketAudit(ticket_id=ticket.ticket_id, step=step, object_id=object_id))

    async def home(self, user_id):
        row = self.db.get(Conversation, (user_id, "support"))
        if row:
            return row.thread_id
        thread = await self.careful(lambda: self.client.beta.threads.create())
        self.db.add(Conversation(user_id=user_id, purpose="support", thread_id=thread.id))
        self.db.commit()
        return thread.id

    async def turn(self, ticket):
        thread_id = await self.home(ticket.user_id)
        mine = {"for": str(ticket.number)}

        async def message():
            async for one in self.threads.messages.list(thread_id):
                if one.metadata == mine:
                    return one
            return await self.threads.messages.create(thread_id=thread_id, role="user", content=ticket.text, metadata=mine)

        async def run():
            raw = await self.threads.runs.with_raw_response.list(thread_id, limit=100)
            runs = [one for one in raw.parse().data if one.metadata == mine]
            for one in reversed(runs):
                self.audit(ticket, "run", one.id)
            if runs and runs[0].status in ("queued", "in_progress", "completed"):
                return runs[0]
            return await self.threads.runs.create(
                thread_id, assistant_id=self.assistant_id, metadata=mine, truncation_strategy={"type": "last_messages", "last_messages": 10}
            )

        if ticket.message_id is None:
            ticket.message_id = (await self.careful(message)).id
            self.audit(ticket, "confirm", ticket.message_id)
            self.db.commit()
        while True:
            now = await self.careful(run)
            ticket.run_id = now.id
            self.audit(ticket, "run", now.id)
            self.db.commit()
            for seconds in [1, 1, 1, 2, 2, 4, 8, 16] + [30] * 60:
                if now.status not in ("queued", "in_progress"):
                    break
                await asyncio.sleep(seconds)
                now = await self.careful(lambda: self.threads.runs.retrieve(ticket.run_id, thread_id=thread_id))
            if now.status == "completed":
                break
        page = await self.careful(lambda: self.threads.messages.list(thread_id, run_id=ticket.run_id, order="asc"))
        self.audit(ticket, "read", page.data[-1].id)
        self.kept[ticket.ticket_id] = page.data[-1].content[0].text.value
        self.db.commit()
        return self.kept[ticket.ticket_id]

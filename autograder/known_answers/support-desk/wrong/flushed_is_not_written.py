# loses: written_down_at_once
# says: late_ticket_not_in_table
# %% SupportDesk
from collections import defaultdict


class SupportDesk:
    """The message travels with the run that answers it: one request, one thing that can be lost."""

    def __init__(self, client, db, assistant_id):
        self.client, self.db, self.assistant_id = client, db, assistant_id
        self.last = defaultdict(asyncio.Semaphore)

    def _find(self, ticket_id):
        return self.db.query(Ticket).filter(Ticket.ticket_id == ticket_id).first()

    async def handle(self, ticket_id, user_id, text):
        if not self._find(ticket_id):
            self.db.add(Ticket(ticket_id=ticket_id, user_id=user_id, text=text))
            self.db.flush()
        return await self._answered(ticket_id, user_id)

    async def resume(self):
        rows = [(one.ticket_id, one.user_id) for one in self.db.query(Ticket).order_by(Ticket.number) if not one.answer]
        async with asyncio.TaskGroup() as group:
            for ticket_id, user_id in rows:
                group.create_task(self._answered(ticket_id, user_id))

    async def _answered(self, ticket_id, user_id):
        async with self.last[user_id]:
            ticket = self._find(ticket_id)
            return ticket.answer or await self._ask(ticket, await self._thread(user_id))

    async def _patiently(self, request, tries=7, pause=1.0):
        try:
            return await request()
        except (openai.APIConnectionError, openai.APIStatusError) as error:
            status = getattr(error, "status_code", 500)
            if tries == 0 or (status < 500 and status != 429):
                raise
            wait = float(error.response.headers.get("retry-after", pause)) if status == 429 else pause
            await asyncio.sleep(wait)
            return await self._patiently(request, tries - 1, pause * 2)

    async def _thread(self, user_id):
        row = self.db.get(Conversation, (user_id, "support"))
        if row is None:
            made = await self._patiently(lambda: self.client.beta.threads.create(metadata={"user": user_id}))
            row = Conversation(user_id=user_id, purpose="support", thread_id=made.id)
            self.db.add(row)
            self.db.commit()
        return row.thread_id

    async def _mine(self, thread_id, ticket_id):
        """The runs that were started for a ticket, oldest first."""
        listed = await self.client.beta.threads.runs.list(thread_id, limit=100, order="asc")
        return [run for run in listed.data if run.metadata.get("ticket") == ticket_id]

    async def _ask(self, ticket, thread_id):
        ticket_id, text = ticket.ticket_id, ticket.text
        mine = await self._patiently(lambda: self._mine(thread_id, ticket_id))
        while not mine or mine[-1].status in ("failed", "expired", "incomplete", "cancelled"):
            mine = await self._patiently(lambda: self._one_more(thread_id, ticket_id, text, len(mine)))
            mine[-1] = await self._over(mine[-1], thread_id)
        mine[-1] = await self._over(mine[-1], thread_id)
        messages = await self._patiently(lambda: self.client.beta.threads.messages.list(thread_id, limit=100))
        said = next(one for one in messages.data if one.metadata.get("ticket") == ticket_id)
        reply = next(one for one in messages.data if one.run_id == mine[-1].id)
        ticket.message_id, ticket.run_id, ticket.answer = said.id, mine[-1].id, reply.content[0].text.value
        lines = [("confirm", said.id), *(("run", run.id) for run in mine), ("read", reply.id)]
        self.db.add_all([TicketAudit(ticket_id=ticket_id, step=step, object_id=one) for step, one in lines])
        self.db.commit()
        return ticket.answer

    async def _one_more(self, thread_id, ticket_id, text, known):
        mine = await self._mine(thread_id, ticket_id)
        if len(mine) > known:
            return mine
        message = [{"role": "user", "content": text, "metadata": {"ticket": ticket_id}}]
        run = await self.client.with_options(max_retries=0).beta.threads.runs.create(
            thread_id,
            assistant_id=self.assistant_id,
            additional_messages=message if not mine else None,
            metadata={"ticket": ticket_id},
            truncation_strategy={"type": "last_messages", "last_messages": 10},
        )
        return [*mine, run]

    async def _over(self, run, thread_id):
        while run.status in ("queued", "in_progress"):
            await asyncio.sleep(1)
            run = await self._patiently(lambda: self.client.beta.threads.runs.retrieve(run.id, thread_id=thread_id))
        return run

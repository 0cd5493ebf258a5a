# %% BusyThread
from dataclasses import dataclass, field


@dataclass
class Slot:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    newest: int = 0
    waiting: int = 0


class BusyThread:
    def __init__(self, client, assistant_id, *, strategy):
        self.threads = client.beta.threads
        self.client = client
        self.assistant = assistant_id
        self.strategy = strategy
        self.slots: dict[str, Slot] = {}

    async def submit(self, user_id, thread_id, text):
        slot = self.slots.setdefault(thread_id, Slot())
        if self.strategy == "reject" and slot.waiting:
            raise Busy
        slot.newest += 1
        slot.waiting += 1
        mine = slot.newest

        def stopped():
            return self.strategy in {"interrupt", "rollback"} and slot.newest != mine

        try:
            async with slot.lock:
                match self.strategy:
                    case "rollback":
                        if stopped():
                            raise Interrupted
                        kept = {m.id async for m in self.threads.messages.list(thread_id, limit=100)}
                        try:
                            if stopped():
                                raise Interrupted
                            answer = await self.turn(thread_id, text, stopped)
                        except Interrupted:
                            async for m in self.threads.messages.list(thread_id, limit=100):
                                if m.id not in kept:
                                    await self.threads.messages.delete(m.id, thread_id=thread_id)
                            raise
                        return answer
                    case _:
                        return await self.turn(thread_id, text, stopped)
        finally:
            slot.waiting -= 1

    async def turn(self, thread_id, text, stopped):
        await self.threads.messages.create(thread_id=thread_id, role="user", content=text)
        if stopped():
            raise Interrupted
        run = await self.threads.runs.create(thread_id=thread_id, assistant_id=self.assistant)
        try:
            while run.status in UNDER_WAY and not stopped():
                await asyncio.sleep(0.9)
                if stopped():
                    break
                run = await self.threads.runs.retrieve(run.id, thread_id=thread_id)
            if stopped():
                try:
                    run = await self.threads.runs.cancel(run.id, thread_id=thread_id)
                except openai.BadRequestError as error:
                    print("too late", error)
                while True:
                    run = await self.threads.runs.retrieve(run.id, thread_id=thread_id)
                    if run.status not in UNDER_WAY:
                        break
                    await asyncio.sleep(2)
                raise Interrupted
        finally:
            pass
        if run.status != "completed":
            raise RuntimeError(run.status)
        found = await self.threads.messages.list(thread_id, run_id=run.id, limit=100)
        return "\n".join(m.content[0].text.value for m in reversed(found.data))

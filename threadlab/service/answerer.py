"""Answers what the engine does not answer itself: takes up its open questions, several at once, and brings the answers back.

It lives in the server's event loop, where the engine is used by one at a time, and never makes the engine wait: a model that takes a
minute holds up its own run and nobody else's. Which questions are open the engine alone knows; whenever that changes, the worker starts
what is new and gives up what nobody wants any more.
"""

import asyncio
import traceback
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from threadlab.engine.answers import AnswerPart, Started
from threadlab.engine.engine import Engine
from threadlab.responders import RemoteResponder
from threadlab.store.records import Question
from threadlab.virtual_time.clock import Clock
from threadlab.wire import assistants as o
from threadlab.wire.prompts import Answer

T = TypeVar("T")


class InTransaction(Protocol):
    """Does something to the engine, and returns once what it wrote is safe: see `threadlab.service.group_commit`."""

    def __call__(self, work: Callable[[], T]) -> Awaitable[T]: ...


class Worker:
    """Has the questions of `engine` answered by `responder`."""

    def __init__(self, engine: Engine, responder: RemoteResponder, clock: Clock) -> None:
        self._engine, self._responder, self._clock = engine, responder, clock
        self._slots = asyncio.Semaphore(responder.at_once)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        """Who works on which question, by its id."""
        self._looking = False

    @property
    def busy(self) -> bool:
        """Whether anything is being answered."""
        return bool(self._tasks)

    def begin(self, in_transaction: InTransaction) -> None:
        """Start with what was open when the service ended last. Called once, in the event loop."""
        self._in_transaction, self._loop = in_transaction, asyncio.get_running_loop()
        self._engine.questions.changed = self._look_soon
        self._look()

    def end(self) -> None:
        """Give everything up. The questions stay open: the next server asks them again."""
        self._engine.questions.changed = lambda: None
        for task in self._tasks.values():
            task.cancel()

    def _look_soon(self) -> None:
        """After the requests of this turn of the loop, so that what is asked has been kept."""
        if not self._looking:
            self._looking = True
            self._loop.call_soon(self._look)

    def _look(self) -> None:
        self._looking = False
        pending = {question.id: question for question in self._engine.questions.pending.values()}
        for asked_id in self._tasks.keys() - pending.keys():
            self._tasks.pop(asked_id).cancel()
        for asked_id, question in pending.items():
            if asked_id not in self._tasks:
                self._tasks[asked_id] = self._loop.create_task(self._see_to(question))

    async def _see_to(self, asked: Question) -> None:
        """Answer one question, or let it expire."""
        expiry = self._loop.create_task(self._expire(asked))
        try:
            async with self._slots:
                if await self._tell(asked, Started()):
                    await self._answer(asked)
        except asyncio.CancelledError:
            pass  # nobody wants to know any more
        except Exception:  # the store cannot keep it: the question is open again
            self._engine.invalidate()
            traceback.print_exc()
        finally:
            expiry.cancel()
            if self._tasks.get(asked.id) is asyncio.current_task():
                del self._tasks[asked.id]

    async def _answer(self, asked: Question) -> None:
        try:
            async for part in self._responder.answer(asked.prompt):
                if not await self._tell(asked, part) or isinstance(part, Answer):
                    return
            failure = "The responder ended without an answer."
        except Exception as error:  # a mistake of ours, or of a library: the run is not to wait for its expiry
            traceback.print_exc()
            failure = f"The responder failed ({type(error).__name__})."
        await self._tell(asked, Answer(failure=o.LastError("server_error", failure)))

    async def _tell(self, asked: Question, part: AnswerPart) -> bool:
        """Let the engine know. False if it does not want to know any more."""
        if isinstance(part, Answer):
            self._tasks.pop(asked.id, None)  # the answer closes the question, and this task is not to be given up for that
        return await self._in_transaction(lambda: self._engine.resolve(asked, part, self._clock.now()))

    async def _expire(self, asked: Question) -> None:
        await self._clock.asleep(asked.until - self._clock.now())
        await self._in_transaction(lambda: self._engine.advance(self._clock.now()))

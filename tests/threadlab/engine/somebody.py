"""Whoever answers the questions that an engine asks of the outside, and readers of what comes of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.threadlab.engine.desk import BETA, Desk, desk, events_of
from threadlab.engine.answers import AnswerPart
from threadlab.store.records import Question
from threadlab.wire import assistants as o
from threadlab.wire.exchange import Reply, Request
from threadlab.wire.prompts import Answer

QUESTION = "What is the capital of France?"
PARIS = Answer(["It is Paris."], usage=o.Usage(100, 7, 107))


class Somebody:
    """Whoever answers the questions of a desk's engine."""

    def __init__(self, at: Desk) -> None:
        self.engine, self.clock = at.service.engine, at.service.clock

    @property
    def asked(self) -> Question:
        (asked,) = self.engine.questions.pending.values()
        return asked

    def says(self, *news: AnswerPart, asked: Question | None = None) -> bool:
        asked = asked or self.asked
        return [self.engine.resolve(asked, one, self.clock.now()) for one in news][-1]


@contextmanager
def outside(**options: Any) -> Iterator[tuple[Desk, Somebody]]:
    with desk(responder=None, **options) as at:
        yield at, Somebody(at)


def status(at: Desk, run: Any) -> str:
    found: str = at.threads.runs.retrieve(run.id, thread_id=run.thread_id).status
    return found


class Reader:
    """A client that reads a stream as far as it has come."""

    def __init__(self, at: Desk, path: str, body: dict[str, Any]) -> None:
        headers = {"authorization": f"Bearer {at.service.key}", **BETA}
        reply = at.service.engine.handle(Request("POST", f"/v1{path}", "", headers, json.dumps(body).encode()), at.service.clock.now())
        assert isinstance(reply, Reply)
        assert reply.stream is not None
        self.stream, self.at, self.woken = reply.stream, at, 0
        self.stream.wake = self._wake

    def _wake(self) -> None:
        self.woken += 1

    def read(self) -> list[tuple[str, Any]]:
        data = b"".join(self.stream.read(self.at.service.clock.now()))
        return events_of(data) if data else []

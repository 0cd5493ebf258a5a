"""Questions that wait for an answer from somewhere else: a model that is asked beside the engine.

The engine asks nobody. Where it has no responder of its own, a round ends in a question that is kept with the run, so after a restart it is
asked again. What an answer does to its run is in `threadlab.engine.answers`.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from threadlab.engine.drafts import Draft
from threadlab.engine.journal import Deferred, Journal, journal_ids
from threadlab.store.protocol import Store
from threadlab.store.records import Moment, Plan, Question, Row, Waiting
from threadlab.wire.prompts import Prompt


class Questions:
    """The open questions of one store."""

    def __init__(self, store: Store, journal: Journal, drafts: dict[str, Draft], new_id: Callable[[str], str]) -> None:
        self._store, self._journal, self._drafts, self._new_id = store, journal, drafts, new_id
        self.pending: dict[str, Question] = {}
        """What is to be answered, by the id of its run (or response), in the order in which it was asked."""
        self.changed: Callable[[], None] = lambda: None
        """Called when `pending` has changed; whoever answers sets it."""

    def ask(self, row: Row, plan: Plan, prompt: Prompt, reads: int, end: Moment, now: float) -> Plan:
        """Keep a question. Returns the plan of a run that waits for its answer, until `end` at most. `reads` are the prompt's tokens."""
        question = Question(self._new_id("ask"), row.id, prompt, end.at)
        self._store.put(Row(question.id, "outside.asked", row.project, row.id, self._store.next_seq(), question))
        self._journal.add(Deferred(at=now, operation="asked", **journal_ids(row, question.id)))
        self.pending[row.id] = question
        self.changed()
        waiting = Waiting(question.id, reads)
        return msgspec.structs.replace(plan, moments=(end,), waiting=waiting, prompt_tokens=plan.prompt_tokens + reads)

    def clear(self) -> None:
        """Forget what is not in the store; the questions are recovered from there."""
        self.pending.clear()
        self._drafts.clear()

    def recover(self, row: Row) -> None:
        """Take up a question that was open when the service ended. Nobody waits for one whose response was not to be stored."""
        plan = row.plan
        if plan is None or plan.waiting is None or (plan.forget and not row.parent):
            return
        stored = self._store.get(plan.waiting.asked)
        if stored is not None and isinstance(stored.body, Question):
            self.pending[row.id] = stored.body

    def drop(self, run_id: str) -> None:
        """Remove a question whose answer is no longer wanted."""
        question = self.pending.pop(run_id, None)
        if question is not None:
            self._store.remove(question.id)
            self.changed()

    def forget(self, run_id: str) -> None:
        """Remove everything that is known of the answer to a run that is over."""
        self._drafts.pop(run_id, None)
        if run_id in self.pending:
            self.drop(run_id)

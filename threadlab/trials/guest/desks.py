"""The driver for a support desk: it opens, goes on with what was left, and then everybody comes at once."""

from __future__ import annotations

import asyncio
import inspect
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from threadlab.trials.guest.stage import Stage


async def desk(stage: Stage) -> dict[str, list[Any]]:
    """Make the object and await its `resume`; then `handle` every ticket of `kwargs["tickets"]` at once, begun in that order; when all
    are done, those of `kwargs["again"]` one by one.

    A ticket is `[ticket_id, user_id, text]`. What comes back for each is the answer or `{"raised": its type, "message": its text}`.
    """
    made = stage.process().call(stage.spec.args, {})
    await _settled(made.resume())
    stage.look()
    stage.link.witness("resumed")

    async def one(ticket: list[str]) -> Any:
        try:
            return await _settled(made.handle(*ticket))
        except Exception as error:
            return {"raised": type(error).__name__, "message": str(error)[:500]}

    tasks = [asyncio.ensure_future(one(ticket)) for ticket in stage.spec.kwargs["tickets"]]
    first = list(await asyncio.gather(*tasks))
    return {"first": first, "again": [await one(ticket) for ticket in stage.spec.kwargs["again"]]}


async def _settled(value: Any) -> Any:
    return await value if inspect.isawaitable(value) else value

"""The driver for answers that many callers use at once: `ThreadLane`, and whatever else has a `say`."""

from __future__ import annotations

import asyncio
import inspect
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from threadlab.trials.guest.stage import Stage


async def says(stage: Stage) -> list[Any]:
    """Make the object, then let several callers `say` something at the same time, begun in the order of `kwargs["turns"]`.

    What comes back is, for each, the reply or `{"raised": its type, "message": its text}`.
    """
    lane = stage.process().call(stage.spec.args, {})

    async def one(thread_id: str, text: str) -> Any:
        try:
            said = lane.say(thread_id, text)
            return await said if inspect.isawaitable(said) else said
        except Exception as error:
            return {"raised": type(error).__name__, "message": str(error)[:500]}

    tasks = [asyncio.ensure_future(one(thread_id, text)) for thread_id, text in stage.spec.kwargs["turns"]]
    return list(await asyncio.gather(*tasks))

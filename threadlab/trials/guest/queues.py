"""The driver for answers that many users hand turns to, at moments of their own: whatever has a `submit`."""

from __future__ import annotations

import asyncio
import inspect
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from threadlab.trials.guest.stage import Stage


async def submits(stage: Stage) -> list[Any]:
    """Make the object, then have users submit turns; `kwargs["turns"]` has [seconds from the start, user, thread, text] for each.

    Of `kwargs`, what is not `turns` goes to the object that is made. Turns of the same moment are submitted in the order of the list. What
    comes back is, for each, the reply or `{"raised": its type, "message": its text}`. The journal is told when a turn is submitted and when
    it is answered.
    """
    turns: list[tuple[float, str, str, str]] = stage.spec.kwargs["turns"]
    made = stage.process().call(stage.spec.args, {name: value for name, value in stage.spec.kwargs.items() if name != "turns"})
    began = asyncio.get_running_loop().time()

    async def one(number: int, user: str, thread: str, text: str) -> Any:
        stage.link.witness("submitted", turn=number, user=user, thread=thread, text=f"{user}: {text}")
        try:
            submitted = made.submit(user, thread, text)
            return await submitted if inspect.isawaitable(submitted) else submitted
        except Exception as error:
            return {"raised": type(error).__name__, "message": str(error)[:500]}
        finally:
            if stage.link.halted is None:
                stage.link.witness("settled", turn=number, user=user, thread=thread, text=f"{user}: {text}")

    tasks: list[asyncio.Task[Any]] = []
    for number, (at, user, thread, text) in enumerate(turns):
        if (wait := began + at - asyncio.get_running_loop().time()) > 0:
            await asyncio.sleep(wait)
        tasks.append(asyncio.ensure_future(one(number, user, thread, text)))
    return list(await asyncio.gather(*tasks))

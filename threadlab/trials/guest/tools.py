"""The learner's end of the tools that an exercise hands out. The host runs them: a call here only asks for it."""

import builtins
from collections.abc import Callable, Iterable
from typing import Any

from threadlab.trials.guest import messages as m
from threadlab.trials.guest.link import Link

Tool = Callable[..., str]


def make_tools(names: Iterable[str], link: Link) -> dict[str, Tool]:
    """Tools by name; what each says and takes is in the `Spec`, see `threadlab.trials.handed_out`."""
    return {name: _tool(name, link) for name in names}


def _tool(name: str, link: Link) -> Tool:
    def tool(**arguments: Any) -> str:
        reply = link.say(m.ToolCall(name, {str(key): _plain(value) for key, value in arguments.items()}))
        assert isinstance(reply, m.ToolReply)
        if reply.misused:
            raise TypeError(reply.misused)
        if reply.output is None:
            raise _exception(reply.raises)(reply.error)
        return reply.output

    tool.__name__ = tool.__qualname__ = name
    return tool


def _exception(name: str) -> type[Exception]:
    """A built-in exception, or a class that only the tool knows, as a library would have one."""
    kind = getattr(builtins, name, None)
    return kind if isinstance(kind, type) and issubclass(kind, Exception) else type(name, (Exception,), {})


def _plain(value: Any) -> Any:
    """An argument as JSON could carry it, whatever a learner passes on."""
    return value if value is None or type(value) in (bool, int, float) else str(value)[:500]

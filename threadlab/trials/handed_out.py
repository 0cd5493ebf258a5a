"""What a trial hands out besides clients: tools, callbacks and a database. The host runs them, so their use is seen and not reported.

A placeholder among the arguments of a `Spec` says what is handed out; a guest that uses anything else has forged its message.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from threadlab.trials.guest.messages import Spec

if TYPE_CHECKING:
    from threadlab.trials.database import Committed, Database


class ForgedMessage(ValueError):
    """The guest used something that it was not given, or said something that is not so."""


class ToolResult(msgspec.Struct, frozen=True):
    """What a call of a tool comes to."""

    text: str
    """The call in words."""
    output: str | None
    """What it returns; None if it raises."""
    error: str
    """The words that it raises an exception with."""
    seconds: float
    """How long it takes."""
    raises: str = "LookupError"
    """The exception's class: a built-in one, or a class of the tool's own."""


class HandedOut:
    """What one trial hands out. `committed` is called after every change of the database: see `threadlab.trials.database`."""

    def __init__(self, spec: Spec, committed: Committed) -> None:
        placeholders = list(_placeholders([spec.args, spec.kwargs]))
        self._tools: dict[str, Mapping[str, Any]] = {}
        self._callbacks: set[str] = set()
        self._database: Mapping[str, Any] | None = None
        for one in placeholders:
            if one["$"] == "tools":
                self._tools |= one["tools"]
            elif one["$"] == "callback":
                self._callbacks.add(one["name"])
            elif one["$"] == "db":
                self._database = one if self._database is None or "rows" in one else self._database
        self._turns: list[list[Any]] = list(spec.kwargs.get("turns", [])) if spec.driver == "submits" else []
        self._driver = spec.driver
        self._calls = dict.fromkeys(self._tools, 0)
        self._marks: set[tuple[str, int]] = set()
        self._committed = committed
        self._opened: Database | None = None

    def use_tool(self, name: str, arguments: Mapping[str, Any]) -> ToolResult:
        """Call a tool. Raises TypeError when an argument is missing, ForgedMessage for a tool that was not handed out."""
        tool = self._tools.get(name)
        if tool is None:
            raise ForgedMessage(f"it called a tool {name!r} that it was not given")
        self._calls[name] += 1
        try:
            output = str(tool["says"]).format(**arguments, n=self._calls[name])
        except KeyError as missing:
            raise TypeError(f"{name} needs the argument {missing}, and was called with {sorted(arguments)}") from None
        failing, reason = next((one for one in tool.get("fails", {}).items() if one[0] in arguments.values()), ("", None))
        argument_text = ", ".join(f"{key}={value!r}" for key, value in arguments.items())
        seconds, raises = float(tool.get("seconds", 0.0)), str(tool.get("raises", {}).get(failing, "LookupError"))
        return ToolResult(f"{name}({argument_text})"[:300], None if reason else output, reason or "", seconds, raises)

    def check_callback(self, name: str) -> None:
        """Raises ForgedMessage for a callback that was not handed out."""
        if name not in self._callbacks:
            raise ForgedMessage(f"it called {name!r}, which it was not given")

    def mark(self, name: str, turn: int) -> tuple[str, str]:
        """The user and the text of a turn that a driver begins or ends. Raises ForgedMessage.

        Each turn begins once, and ends once after it began.
        """
        if self._driver == "desk" and name == "resumed" and turn == -1:
            return "", ""
        if name not in ("submitted", "settled") or not 0 <= turn < len(self._turns) or (name, turn) in self._marks:
            raise ForgedMessage("it marked a turn that there is not")
        _, user, _, text = self._turns[turn]
        if name == "settled" and ("submitted", turn) not in self._marks:
            raise ForgedMessage("it marked a turn before its time")
        self._marks.add((name, turn))
        return user, f"{user}: {text}"

    @property
    def database(self) -> Database:
        """The trial's one database, made when it is first asked for. Raises ForgedMessage when none was handed out."""
        if self._opened is None:
            if self._database is None:
                raise ForgedMessage("it used a database, and was not given one")
            from threadlab.trials.database import Database  # here, because it needs SQLAlchemy, and most trials do not

            self._opened = Database(self._committed, self._database.get("tables", ""), self._database.get("rows"))
        return self._opened

    def kept(self) -> list[Any]:
        """What the next process finds in the database."""
        return self._opened.content() if self._opened is not None else []

    def end_process(self) -> None:
        """What the end of a process does: what was not committed is gone."""
        self._marks.clear()
        if self._opened is not None:
            self._opened.disconnect()

    def close(self) -> None:
        if self._opened is not None:
            self._opened.close()


def _placeholders(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        if "$" in value:
            yield value
        value = list(value.values())
    if isinstance(value, list | tuple):
        for one in value:
            yield from _placeholders(one)

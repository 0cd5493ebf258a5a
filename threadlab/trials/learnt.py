"""What a process of a program has been told. One that is started again has no memory: an id that it uses must come from somewhere.

An id is drawn at random, so nobody guesses one. One that stands in none of the arguments and replies that a process was given, and nowhere
in the database when it began, was carried over past the host: in a file, by another process, or by whatever else a sandbox lets through.
It is looked for in all that the process says, wherever it stands: what the process says once, a reply would tell it again.
"""

import re
from collections.abc import Callable, Set
from typing import Any

import msgspec

_ID = re.compile(r"[a-z]{2,12}[_-]([A-Za-z0-9]{16,})")
_LONGEST = 64
"""Bytes: an id is not longer, and may come in two pieces."""
_encode = msgspec.msgpack.Encoder(enc_hook=repr).encode


class Learnt:
    """`told`: what the program was called with, and what it finds. `ids`: of everything that there is."""

    def __init__(self, told: Any, ids: Callable[[], Set[str]]) -> None:
        self._told = bytearray(_packed(told))
        self._ids = ids
        self._seen: set[str] = set()
        self._untold: dict[bytes, str] = {}
        """Of ids that the process was not told: the part that was drawn, and the whole."""

    def learn(self, reply: Any) -> None:
        """The process has been told this. A streamed reply comes in pieces, which may end within an id."""
        data = getattr(reply, "data", None)
        data = data if isinstance(data, bytes) else _packed(reply)
        self._told += data
        recent = self._told[-len(data) - _LONGEST :]
        for drawn in [one for one in self._untold if one in recent]:
            del self._untold[drawn]

    def unknown(self, said: Any) -> str | None:
        """The first id of something that there is, in what a process says, that it cannot know."""
        for object_id in self._ids() - self._seen:
            self._seen.add(object_id)
            match = _ID.fullmatch(object_id)
            if match is not None and match[1].encode() not in self._told:
                self._untold[match[1].encode()] = object_id
        text = _packed(said)
        return next((object_id for drawn, object_id in self._untold.items() if drawn in text), None)


def _packed(value: Any) -> bytes:
    try:
        return _encode(value)
    except (OverflowError, RecursionError, TypeError, UnicodeEncodeError):  # a number of a thousand digits, say
        return repr(value).encode("utf-8", "backslashreplace")

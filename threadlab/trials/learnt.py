"""What a process of a program has been told. One that is started again has no memory: an id that it uses must come from somewhere.

An id is drawn at random, so nobody guesses one. One that stands in none of the arguments, replies, rows and results that a process was
given was carried over past the host: in a file, by another process, or by whatever else a sandbox lets through.
"""

import re
from collections.abc import Callable
from typing import Any

import msgspec

_ID = re.compile(rb"[a-z]{2,12}[_-]([A-Za-z0-9]{16,})")
_encode = msgspec.msgpack.Encoder(enc_hook=repr).encode


class Learnt:
    """`arguments`: what the program was called with."""

    def __init__(self, arguments: Any) -> None:
        self._told = bytearray(_packed(arguments))
        self._known: set[bytes] = set()

    def learn(self, reply: Any) -> None:
        """The process has been told this. A streamed reply comes in pieces, which may end within an id."""
        data = getattr(reply, "data", None)
        self._told += data if isinstance(data, bytes) else _packed(reply)

    def unknown(self, said: Any, exists: Callable[[str], bool]) -> str | None:
        """The first id of something that there is, in what a process says, that it cannot know."""
        for found in _ID.finditer(_packed(said)):
            if found[1] in self._known:
                continue
            if found[1] not in self._told and exists(found[0].decode()):
                return found[0].decode()
            self._known.add(found[1])
        return None


def _packed(value: Any) -> bytes:
    try:
        return _encode(value)
    except (OverflowError, RecursionError, TypeError, UnicodeEncodeError):  # a number of a thousand digits, say
        return repr(value).encode("utf-8", "backslashreplace")

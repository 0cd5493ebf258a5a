"""How the processes of the autograder speak: tagged structs as msgpack, never pickled, each field of the type that was asked for.

`frames`, `orders` and `submission` say which messages there are; this is the one place that turns them into bytes and back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

encode: Callable[[Any], bytes] = msgspec.msgpack.Encoder().encode
"""A message as bytes."""


def reader(kind: Any) -> Callable[[bytes], Any]:
    """What reads messages of a type (or of a union of types) and nothing else.

    It raises `msgspec.MsgspecError`, `RecursionError` or `UnicodeDecodeError` for anything that is not one of them.
    """
    return msgspec.msgpack.Decoder(kind).decode

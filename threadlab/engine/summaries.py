"""What a compaction item holds: a summary, in a form that only the service reads.

The hosted API encrypts it, so that it can be kept anywhere and shown to nobody. Here nothing is secret: it is packed, and what this
service has not packed is refused.
"""

import base64
import binascii
import zlib

from threadlab.wire import responses as r

_PREFIX = b"threadlab1:"
LONGEST = 1_000_000
"""Characters of a summary at most: what a client hands in must not unpack to more."""


def packed(summary: str) -> str:
    """A summary as the `encrypted_content` of an item."""
    return base64.urlsafe_b64encode(_PREFIX + zlib.compress(summary[:LONGEST].encode())).decode()


def summary_of(item: r.Compaction) -> str:
    """What an item stands for. Raises ValueError for one that this service has not made."""
    try:
        inside = base64.b64decode(item.encrypted_content.encode(), altchars=b"-_", validate=True)
        if not inside.startswith(_PREFIX):
            raise ValueError("it is not from here")
        unpacking = zlib.decompressobj()
        text = unpacking.decompress(inside.removeprefix(_PREFIX), 4 * LONGEST).decode()
        if not unpacking.eof:
            raise ValueError("it is longer than any summary")
        return text
    except (binascii.Error, zlib.error, UnicodeError) as problem:
        raise ValueError(str(problem)) from None

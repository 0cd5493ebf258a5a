"""Server-sent events as a recording keeps them, and as they go over the wire."""

import json
from collections.abc import Iterator
from typing import Any


def is_event_stream(content_type: str) -> bool:
    return content_type.partition(";")[0].strip().lower() == "text/event-stream"


class Events:
    """Takes the bytes of a stream in any portions, and gives each event once it is whole: its name, and its data."""

    def __init__(self) -> None:
        self._rest = b""

    def take(self, data: bytes) -> Iterator[tuple[str | None, Any]]:
        self._rest = (self._rest + data).replace(b"\r\n", b"\n")
        while b"\n\n" in self._rest:
            block, _, self._rest = self._rest.partition(b"\n\n")
            if (event := _read(block.decode("utf-8", "replace"))) is not None:
                yield event


def _read(block: str) -> tuple[str | None, Any] | None:
    """None for a block without data, such as a comment that keeps the connection open."""
    name: str | None = None
    lines: list[str] = []
    for line in block.split("\n"):
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            name = value
        elif field == "data":
            lines.append(value)
    if not lines:
        return None
    text = "\n".join(lines)
    try:
        value = json.loads(text)
    except ValueError:
        return name, text
    return name, value if isinstance(value, dict) else text  # `[DONE]` is no JSON; a bare number or word stays as it was written


def encoded(name: str | None, data: Any) -> bytes:
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    head = f"event: {name}\n" if name is not None else ""
    return (head + "".join(f"data: {line}\n" for line in text.split("\n")) + "\n").encode()

"""An exported thread becomes a conversation: resumable, in order, nothing twice.

Items go over in batches. Beside the file lies a map: a line for each item that arrived, from what to what. A request whose reply was lost
may or may not have been carried out, and so may the last one before a kill: before anything more is sent, the conversation is asked what
it has beyond the map. That is why nothing else may write to the conversation meanwhile, and why requests are never repeated blindly.

What has no place in a conversation (metadata of messages, attachments, calls without an output) stays in the file.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from threadlab.errors import ThreadlabError

if TYPE_CHECKING:
    from openai import OpenAI

BATCH = 20
"""Items that one request can add."""
TRIES = 5
"""How often in a row a batch may fail before the import ends, to be resumed."""


class Result(msgspec.Struct, frozen=True):
    conversation: str
    items: int
    """Items of the file that are in the conversation now."""
    added: int
    """How many of them this time."""
    left: dict[str, int]
    """What has no place in a conversation, by its name."""


# ---- from lines to items ------------------------------------------------------------------------------------------------------------


def read_lines(source: Path) -> list[dict[str, Any]]:
    """Raises ThreadlabError for a file that is not there, or that is not an export."""
    try:
        result = [json.loads(line) for line in source.read_text(encoding="utf-8").splitlines() if line]
    except (OSError, ValueError) as error:
        raise ThreadlabError(f"{source} cannot be read as an exported thread: {error}.") from None
    if not result or not isinstance(result[0], dict) or result[0].get("line") != "thread" or result[0].get("format") != 1:
        raise ThreadlabError(f"{source} is not an exported thread: its first line should say so.")
    return result


def items_of(lines: list[dict[str, Any]], left: dict[str, int]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each item under a key that names where it comes from. `left` counts what is left out."""
    names = {line["id"]: line.get("filename", "") for line in lines if line["line"] == "file"}
    for line in lines[1:]:
        if line["line"] == "message":
            yield from _message(line, names, left)
        elif line["line"] == "tool_call":
            yield from _call(line, left)


def _message(line: dict[str, Any], names: dict[str, str], left: dict[str, int]) -> Iterator[tuple[str, dict[str, Any]]]:
    from_assistant = line["role"] == "assistant"
    parts = [part for block in line["content"] if (part := _part(block, from_assistant, names)) is not None]
    _count(left, "parts of messages", len(line["content"]) - len(parts))
    _count(left, "attachments", len(line.get("attachments") or ()))
    _count(left, "metadata of messages", 1 if line.get("metadata") else 0)
    if parts:
        yield line["id"], {"type": "message", "role": line["role"], "content": parts}
    else:
        _count(left, "empty messages", 1)


def _part(block: dict[str, Any], said: bool, names: dict[str, str]) -> dict[str, Any] | None:
    match block["type"]:
        case "text" if said:
            notes = [_note(note, names) for note in block["text"]["annotations"] if note["type"] == "file_citation"]
            return {"type": "output_text", "text": block["text"]["value"], "annotations": notes}
        case "text":
            return {"type": "input_text", "text": block["text"]["value"]}
        case "image_url" if not said:
            return {"type": "input_image", "image_url": block["image_url"]["url"], "detail": block["image_url"].get("detail", "auto")}
        case "image_file" if not said:
            return {"type": "input_image", "file_id": block["image_file"]["file_id"], "detail": block["image_file"].get("detail", "auto")}
    return None


def _note(note: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    file_id = note["file_citation"]["file_id"]
    return {"type": "file_citation", "file_id": file_id, "index": note["start_index"], "filename": names.get(file_id, "")}


def _call(line: dict[str, Any], left: dict[str, int]) -> Iterator[tuple[str, dict[str, Any]]]:
    function = line.get("function")
    if function is None or function.get("output") is None:
        _count(left, "tool calls that are not functions with an output", 1)
        return
    call_id = line["id"]
    yield call_id, {"type": "function_call", "call_id": call_id, "name": function["name"], "arguments": function["arguments"]}
    yield f"{call_id}/output", {"type": "function_call_output", "call_id": call_id, "output": function["output"]}


def _count(left: dict[str, int], name: str, more: int) -> None:
    if more:
        left[name] = left.get(name, 0) + more


# ---- the map ------------------------------------------------------------------------------------------------------------------------


class IdMap:
    """What has arrived, in a file that only grows. A line that a kill cut off is dropped."""

    def __init__(self, path: Path, source: Path) -> None:
        self.path, self._digest = path, hashlib.sha256(source.read_bytes()).hexdigest()
        self.conversation: str | None = None
        self.ids: dict[str, str] = {}
        if path.exists():
            self._load()

    def _load(self) -> None:
        whole = self.path.read_bytes()
        whole = whole[: whole.rfind(b"\n") + 1]
        for number, raw in enumerate(whole.splitlines()):
            line = json.loads(raw)
            if number == 0:
                if line.get("source") != self._digest:
                    raise ThreadlabError(f"{self.path} is the map of another file: move it away, or name another one with --map.")
                self.conversation = line["conversation"]
            else:
                self.ids[line["from"]] = line["to"]
        with self.path.open("r+b") as file:
            file.truncate(len(whole))

    def begin(self, conversation: str) -> None:
        self.conversation = conversation
        self._write([{"source": self._digest, "conversation": conversation}])

    def add(self, pairs: list[tuple[str, str]]) -> None:
        self.ids.update(pairs)
        self._write([{"from": before, "to": after} for before, after in pairs])

    def _write(self, lines: list[dict[str, str]]) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.write("".join(json.dumps(line) + "\n" for line in lines))
            file.flush()
            os.fsync(file.fileno())


# ---- the import ---------------------------------------------------------------------------------------------------------------------


def carry(client: "OpenAI", source: Path, map_path: Path) -> Result:
    """Bring an exported thread into a conversation, or go on with one that was begun.

    Raises ThreadlabError; openai.APIError when the service refuses, or does not answer for long: the same command goes on from there.
    """
    client = client.with_options(max_retries=0)  # a repeated POST could add a batch twice
    lines = read_lines(source)
    left: dict[str, int] = {}
    items = list(items_of(lines, left))
    ids = IdMap(map_path, source)
    if ids.conversation is None:
        ids.begin(client.conversations.create(metadata=lines[0].get("metadata") or {}).id)
    assert ids.conversation is not None
    before = len(ids.ids)
    _check(items, ids)
    _catch_up(client, items, ids)
    failures = 0
    while len(ids.ids) < len(items):
        failures = _send(client, items, ids, failures)
    return Result(ids.conversation, len(items), len(ids.ids) - before, left)


def _check(items: list[tuple[str, dict[str, Any]]], ids: IdMap) -> None:
    if [key for key, _ in items[: len(ids.ids)]] != list(ids.ids):
        raise ThreadlabError(f"{ids.path} does not fit the file: it names other items, or another order.")


def _send(client: "OpenAI", items: list[tuple[str, dict[str, Any]]], ids: IdMap, failures: int) -> int:
    """One batch. How many failed in a row by now."""
    import time

    import openai

    assert ids.conversation is not None
    batch = items[len(ids.ids) : len(ids.ids) + BATCH]
    try:
        created = client.conversations.items.create(ids.conversation, items=[item for _, item in batch])  # type: ignore[misc]
    except (openai.APIConnectionError, openai.InternalServerError, openai.RateLimitError):
        if failures + 1 == TRIES:
            raise
        time.sleep(0.5 * 2**failures)
        _catch_up(client, items, ids)
        return failures + 1
    ids.add([(key, item.id) for (key, _), item in zip(batch, created.data, strict=True)])  # type: ignore[misc]
    return 0


def _catch_up(client: "OpenAI", items: list[tuple[str, dict[str, Any]]], ids: IdMap) -> None:
    """Write down what arrived without our knowing."""
    assert ids.conversation is not None
    options: dict[str, Any] = {"after": list(ids.ids.values())[-1]} if ids.ids else {}
    there = client.with_options(max_retries=4).conversations.items.list(ids.conversation, order="asc", limit=100, **options)
    unknown = [item.id or "" for item in there]
    waiting = [key for key, _ in items[len(ids.ids) :]]
    if len(unknown) > len(waiting):
        raise ThreadlabError(f"the conversation {ids.conversation} has items that are not from this file: something else writes to it.")
    if unknown:
        ids.add(list(zip(waiting, unknown, strict=False)))

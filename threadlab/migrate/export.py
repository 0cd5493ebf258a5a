"""A thread as lines of JSON: itself, its messages in order, the tool calls that led to them, and what is known of its files.

The lines are the API's own objects with a `line` that says what each is, so nothing that the API tells is lost. A tool call stands before
the first message of its run.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from openai import OpenAI

FORMAT = 1
PAGE = 100


def lines(client: "OpenAI", thread_id: str) -> Iterator[dict[str, Any]]:
    """The lines of one thread. Raises openai.APIError."""
    import openai

    threads = client.beta.threads
    thread = threads.retrieve(thread_id)
    yield {"line": "thread", "format": FORMAT, **thread.to_dict(mode="json")}
    files: dict[str, None] = {}
    runs_written: set[str] = set()
    for message in threads.messages.list(thread_id, order="asc", limit=PAGE):
        if message.run_id is not None and message.run_id not in runs_written:
            runs_written.add(message.run_id)
            yield from _tool_calls(client, thread_id, message.run_id)
        body = message.to_dict(mode="json")
        files |= dict.fromkeys(_file_ids(body))
        yield {"line": "message", **body}
    for file_id in files:
        try:
            yield {"line": "file", **client.files.retrieve(file_id).to_dict(mode="json")}
        except openai.NotFoundError:
            yield {"line": "file", "id": file_id, "missing": True}


def _tool_calls(client: "OpenAI", thread_id: str, run_id: str) -> Iterator[dict[str, Any]]:
    import openai

    try:
        for step in client.beta.threads.runs.steps.list(run_id, thread_id=thread_id, order="asc", limit=PAGE):
            for call in getattr(step.step_details, "tool_calls", ()):
                yield {"line": "tool_call", "run_id": run_id, "created_at": step.created_at, **call.to_dict(mode="json")}
    except openai.NotFoundError:
        return  # messages may name runs that are gone


def _file_ids(message: dict[str, Any]) -> Iterator[str]:
    for attachment in message.get("attachments") or ():
        if attachment.get("file_id"):
            yield attachment["file_id"]
    for block in message.get("content") or ():
        if block["type"] == "image_file":
            yield block["image_file"]["file_id"]
        for note in block.get("text", {}).get("annotations", ()) if block["type"] == "text" else ():
            if note["type"] == "file_citation":
                yield note["file_citation"]["file_id"]


def export(client: "OpenAI", thread_id: str, target: Path) -> dict[str, int]:
    """Write a thread to a file, whole or not at all. How many lines of each sort there are."""
    counts: dict[str, int] = {}
    unfinished = target.with_name(target.name + ".part")
    with unfinished.open("w", encoding="utf-8") as file:
        for line in lines(client, thread_id):
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
            counts[line["line"]] = counts.get(line["line"], 0) + 1
    unfinished.replace(target)
    return counts

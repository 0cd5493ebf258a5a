"""Files: what is uploaded to be searched. Their bytes are kept beside them and never change."""

import base64
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

import multipart

from threadlab.engine import validate
from threadlab.engine.call import Call
from threadlab.store.records import Row
from threadlab.wire import assistants as o
from threadlab.wire import errors
from threadlab.wire import files as f
from threadlab.wire.exchange import Reply

PURPOSES = ["assistants", "batch", "fine-tune", "vision", "user_data"]
"""Those that a file can be shown with: `evals` can be asked for (official text), but is not among these."""
SUFFIX = "/bytes"
LEAST_LIFE, MOST_LIFE = 3600, 2_592_000
"""Seconds after which a file may be made to expire."""


def create(call: Call) -> f.File:
    parts = _parts(call)
    purpose, upload = parts.get("purpose"), parts.get("file")
    if upload is None or upload[0] is None:
        raise errors.missing("file")
    if purpose is None:
        raise errors.missing("purpose")
    purpose_name = purpose[1].decode("utf-8", "replace")
    if purpose_name not in PURPOSES:
        raise errors.wrong_value("purpose", purpose_name, PURPOSES)
    name, data = upload
    assert name is not None
    plain = PureWindowsPath(PurePosixPath(name).name).name or "file"
    expires = _expiry(call, parts)
    file = f.File(call.new_id("file"), len(data), call.second, plain, purpose_name, expires_at=expires)
    _keep(call, file, data)
    call.note(object_id=file.id, size=len(data))
    return file


_MOST_PARTS = 64
"""Parts of a multipart body: a form for a file has at most five. Each costs the service's only event loop some time."""


def _parts(call: Call) -> dict[str, tuple[str | None, bytes]]:
    """The parts of a multipart body: their file names and what they hold."""
    kind, options = multipart.parse_options_header(call.request.headers.get("content-type", ""))
    if kind != "multipart/form-data" or not options.get("boundary"):
        raise errors.invalid(None, "This endpoint takes multipart/form-data with the parts 'file' and 'purpose'.", None)
    result: dict[str, tuple[str | None, bytes]] = {}
    name, file_name, data = "", None, bytearray()
    try:
        with multipart.PushMultipartParser(options["boundary"], max_segment_count=_MOST_PARTS) as parser:
            for event in [*parser.parse(call.request.body), *parser.parse(b"")]:
                if isinstance(event, multipart.MultipartSegment):
                    name, file_name, data = event.name, event.filename, bytearray()
                elif event is None:
                    result[name] = (file_name, bytes(data))
                else:
                    data += event
    except (multipart.MultipartError, LookupError, ValueError):
        raise errors.invalid(None, "The multipart body of the request could not be read.", None) from None
    return result


PICTURE = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==")
"""A PNG of one pixel."""


def make_picture(call: Call) -> f.File:
    """A file as code_interpreter leaves one behind: a PNG, for an assistant's message."""
    file_id = call.new_id("file")
    file = f.File(file_id, len(PICTURE), call.second, f"{file_id}.png", "assistants_output")
    _keep(call, file, PICTURE)
    return file


def address_of(call: Call, file_id: str) -> str | None:
    """A picture as a `data:` address; None for a file that is not there or is not a picture."""
    row = call.store.get(file_id)
    data = read(call, file_id) if row is not None and row.project == call.project else None
    kind = next((kind for beginning, kind in _PICTURES.items() if data is not None and data.startswith(beginning)), None)
    return None if data is None or kind is None else f"data:{kind};base64,{base64.b64encode(data).decode()}"


_PICTURES = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif", b"RIFF": "image/webp"}
"""How files of pictures begin."""


def _keep(call: Call, file: f.File, data: bytes) -> None:
    call.add(file)
    call.store.put(Row(file.id + SUFFIX, "file.bytes", call.project, file.id, call.store.next_seq(), f.FileBytes(file.id, data)))


def _expiry(call: Call, parts: dict[str, tuple[str | None, bytes]]) -> Any:
    """`expires_after[seconds]`, as a moment; UNSET without it."""
    part = parts.get("expires_after[seconds]")
    if part is None:
        return f.File.__struct_defaults__[-1]
    if not part[1].isdigit() or len(part[1]) > 9:
        raise errors.wrong_type("expires_after.seconds", "an integer", "a string")
    seconds = int(part[1])
    validate.between("expires_after.seconds", seconds, LEAST_LIFE, MOST_LIFE)
    return call.second + seconds


def find(call: Call, file_id: str) -> tuple[Row, f.File]:
    """A file that is there and has not expired. Raises ApiError 400 or 404."""
    row, file = call.find(f.File, file_id)
    if not alive(call, row):
        raise errors.not_found("file", file_id)
    return row, file


def alive(call: Call, row: Row) -> bool:
    return isinstance(row.body, f.File) and (not isinstance(row.body.expires_at, int) or row.body.expires_at > call.now)


def read(call: Call, file_id: str) -> bytes | None:
    """What a file holds; None when it is no longer there."""
    row = call.store.get(file_id)
    stored_row = call.store.get(file_id + SUFFIX) if row is not None and alive(call, row) else None
    return stored_row.body.data if stored_row is not None and isinstance(stored_row.body, f.FileBytes) else None


def retrieve(call: Call) -> f.File:
    return find(call, call.ids[0])[1]


def content(call: Call) -> Reply:
    _, file = find(call, call.ids[0])
    data = read(call, file.id) or b""
    quoted = file.filename.encode("ascii", "replace").decode().replace('"', "'").replace("\\", "_")
    quoted = "".join(letter if letter.isprintable() else "_" for letter in quoted)
    headers = {"content-type": "application/octet-stream", "content-disposition": f'attachment; filename="{quoted}"'}
    return Reply(200, data, headers)


def delete(call: Call) -> o.Deleted:
    """It is gone from every vector store, too: they leave out what is not there."""
    file_id = call.ids[0]
    find(call, file_id)
    call.store.remove_below(file_id)
    call.store.remove(file_id)
    return o.Deleted(file_id, "file")


def list_all(call: Call) -> o.Page:
    purpose = call.query().get("purpose")

    def keep(row: Row) -> bool:
        return alive(call, row) and (not purpose or (isinstance(row.body, f.File) and row.body.purpose == purpose))

    return call.page(f.File, keep=keep, most=10_000, default=10_000)

"""What a submission shows, made fit for a page: its outputs, markdown, attachments and metadata keep only what cannot act.

Feedback pages and nbgrader's formgrader show a graded notebook in the teacher's browser, where a script could do whatever the teacher can.
HTML is cleaned by an allow-list (nh3), pictures have to be pictures, and kinds of output that a page would run are dropped.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Collection
from typing import Any

import nh3
from markupsafe import Markup, escape
from nbformat import NotebookNode

from autograder.execution.outputs import node

OUTPUTS = 20_000_000
"""Characters that the outputs of one notebook may have together. What comes after that is left out, and says so."""
REQUIRED = {"kernelspec": {"name", "display_name"}, "language_info": {"name"}}
"""The metadata of a notebook that is kept, with the entries that the format asks for."""
_PICTURES = {"image/png": b"\x89PNG", "image/jpeg": b"\xff\xd8", "image/gif": b"GIF8"}
_TAG = re.compile(r"<[!/?a-zA-Z][^>]*>?")
_LINK = re.compile(r"(\][(:][\s>]*<?)([^)\s>]*)")
"""Where a link leads: behind its text, or where its name is defined, which may be in a list, in a quotation and on a line of its own."""
_ACTIVE_TEX = re.compile(r"\\(?=(?:href|require|style|class|cssId|data)\b)")
"""Commands of MathJax by which a formula is a link, or loads something."""
_SAFE_SCHEMES = ("http:", "https:", "mailto:", "attachment:", "#", "/", ".")
_NAME = re.compile(r"[\w.-]{1,100}")


def clean(notebook: NotebookNode) -> None:
    """Clean a notebook in place: everything in it that came from the submission."""
    plain = {name: _plain(notebook.metadata[name]) for name in REQUIRED if name in notebook.metadata}
    notebook.metadata = {name: fields for name, fields in plain.items() if REQUIRED[name] <= fields.keys()}
    room = OUTPUTS
    for cell in notebook.cells:
        cell.metadata = {name: value for name, value in cell.metadata.items() if name in ("nbgrader", "tags")}
        if "tags" in cell.metadata:
            tags = cell.metadata["tags"]
            cell.metadata["tags"] = [tag for tag in tags if isinstance(tag, str) and _NAME.fullmatch(tag)] if isinstance(tags, list) else []
        if "attachments" in cell:
            cell.attachments = _attachments(cell.attachments)
        if cell.cell_type == "markdown":
            cell.source = _attached(markdown(str(cell.source)), cell.get("attachments", {}).keys())
        if cell.cell_type == "code":
            cell.outputs, room = _outputs(cell.get("outputs", []), room)


def markdown(text: str) -> str:
    """Markdown whose HTML is cleaned and whose links lead to pages only."""

    def tag(found: re.Match[str]) -> str:
        return nh3.clean(found[0]) if found[0][1:2] != "/" else found[0] if found[0].strip("</>").lower() in nh3.ALLOWED_TAGS else ""

    def link(found: re.Match[str]) -> str:
        undone = Markup(Markup(found[2]).unescape()).unescape()  # noqa: S704 - only looked at, never put into a page
        plain = re.sub(r"[\x00-\x20]", "", undone).lower()
        safe = plain.startswith(_SAFE_SCHEMES) or ":" not in plain
        return found[0] if safe else f"{found[1]}#"

    return _LINK.sub(link, _TAG.sub(tag, _ACTIVE_TEX.sub("", text)))


def _outputs(outputs: list[Any], room: int) -> tuple[list[NotebookNode], int]:
    cleaned_outputs: list[NotebookNode] = []
    for output in outputs:
        if "data" in output:
            output.data = _bundle(output.data)
            output.metadata = {}
        size = len(json.dumps(output, default=str))
        if size > room:
            text = f"(Outputs of more than {OUTPUTS // 1_000_000} MB: the rest is left out.)\n"
            return [*cleaned_outputs, node(output_type="stream", name="stderr", text=text)], 0
        room -= size
        cleaned_outputs.append(output)
    return cleaned_outputs, room


def _bundle(data: Any) -> dict[str, str]:
    """Of one output's representations those that can be shown, made harmless."""
    result: dict[str, str] = {}
    for kind, value in data.items() if isinstance(data, dict) else ():
        text = value if isinstance(value, str) else "".join(map(str, value)) if isinstance(value, list) else ""
        if kind == "text/plain":
            result[kind] = text
        elif kind == "text/html":
            result[kind] = nh3.clean(text)
        elif kind == "text/markdown":
            result[kind] = markdown(text)
        elif kind == "text/latex":
            result[kind] = str(escape(_ACTIVE_TEX.sub("", text)))
        elif kind == "image/svg+xml":  # as a picture that is not part of the page, so that nothing in it runs
            address = base64.b64encode(text.encode("utf-8", "replace")).decode()
            result["text/html"] = f'<img alt="A picture" src="data:image/svg+xml;base64,{address}">'
        elif kind in _PICTURES and (picture := _picture(kind, text)):
            result[kind] = picture
    return result


def _picture(kind: str, text: str) -> str:
    """The same picture in plain base64, or nothing if it is none of this kind."""
    try:
        data = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return ""
    return base64.b64encode(data).decode() if data.startswith(_PICTURES[kind]) else ""


def _attached(text: str, names: Collection[str]) -> str:
    """Markdown that refers to these attachments alone: a page with one that is not there cannot be made at all."""
    return re.sub(r"attachment:([^)\s>]*)", lambda found: found[0] if found[1] in names else "#", text)


def _attachments(attachments: Any) -> dict[str, dict[str, str]]:
    pictures: dict[str, dict[str, str]] = {}
    for name, bundle in attachments.items() if isinstance(attachments, dict) else ():
        if isinstance(name, str) and _NAME.fullmatch(name) and isinstance(bundle, dict):
            allowed = {kind: _picture(kind, value) for kind, value in bundle.items() if kind in _PICTURES and isinstance(value, str)}
            pictures[name] = {kind: value for kind, value in allowed.items() if value}
    return {name: bundle for name, bundle in pictures.items() if bundle}


def _plain(value: Any) -> dict[str, str]:
    """The texts of a flat dictionary, as far as they are names."""
    items = value.items() if isinstance(value, dict) else ()
    return {name: text for name, text in items if isinstance(text, str) and re.fullmatch(r"[\w .()+#-]{1,60}", text)}

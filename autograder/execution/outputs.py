"""What a child says a cell showed, turned into notebook outputs. The child may have been lying: the result is always a valid notebook's."""

from collections.abc import Iterable
from typing import Any

import nbformat
from nbformat import NotebookNode

from autograder.execution.frames import Display, Error, Output, Result, Stream, Update
from autograder.execution.packing import encode


def node(**fields: Any) -> NotebookNode:
    """A part of a notebook, and all in it."""
    result: NotebookNode = nbformat.from_dict(fields)  # type: ignore[no-untyped-call]
    return result


def to_notebook(output: Output) -> NotebookNode:
    """One output as nbformat 4 has it."""
    match output:
        case Stream(name, text):
            return node(output_type="stream", name=name, text=text)
        case Display(data, metadata):
            return node(output_type="display_data", data=_bundle(data), metadata=metadata)
        case Result(data, metadata, count):
            return node(output_type="execute_result", data=_bundle(data), metadata=metadata, execution_count=count)
        case Error(name, value, lines):
            return node(output_type="error", ename=name, evalue=value, traceback=lines)


def _bundle(data: dict[str, Any]) -> dict[str, Any]:
    """Only MIME types of JSON may hold anything but text."""
    return {kind: value if isinstance(value, str) or kind.endswith("json") else str(value) for kind, value in data.items()}


def size_of(outputs: Iterable[Output | Update]) -> int:
    """Bytes of outputs and updates, packed."""
    return sum(len(encode(output)) for output in outputs)


class Displays:
    """Remembers the outputs that have a display id, so that a later cell can update an earlier cell's."""

    def __init__(self) -> None:
        self._shown: dict[str, list[NotebookNode]] = {}

    def update(self, update: Update) -> None:
        """Put new content into every output under this id."""
        for output_node in self._shown.get(update.display_id, []):
            output_node["data"], output_node["metadata"] = node(**_bundle(update.data)), node(**update.metadata)

    def remember(self, outputs: list[Output], nodes: list[NotebookNode]) -> None:
        """Note the ids of a cell's outputs."""
        for output, output_node in zip(outputs, nodes, strict=True):
            if isinstance(output, Display) and output.display_id:
                self._shown.setdefault(output.display_id, []).append(output_node)

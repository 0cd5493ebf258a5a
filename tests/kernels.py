"""Notebooks that are run in a real kernel."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nbclient import NotebookClient
from nbformat import NotebookNode


def executed(
    notebook: NotebookNode, *, env: Mapping[str, str] | None = None, folder: Path | None = None, seconds: float = 120, errors: bool = False
) -> NotebookNode:
    """The notebook, run in a fresh kernel.

    env: the kernel's environment, ours if none is given. folder: where it runs. seconds: how long one cell may take. errors: whether a cell
    may fail. Raises CellExecutionError for a cell that fails where it may not.
    """
    resources = {"metadata": {"path": str(folder)}} if folder is not None else {}
    client = NotebookClient(notebook, timeout=seconds, kernel_name="python3", allow_errors=errors, resources=resources)
    settings: dict[str, Any] = {} if env is None else {"env": dict(env)}
    asyncio.run(client.async_execute(**settings))  # `execute` leaves its event loop open
    return notebook

"""The browser edition as a learner has it: a served folder, a Chromium that reaches nothing else, and what can be done in the tab."""

from __future__ import annotations

import contextlib
import functools
import http.server
import json
import socketserver
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.threadlab.widgets import chrome

SUB_PATH = "/courses/threads"
"""The site is served below a path, as GitHub Pages does it."""

STARTS = 300.0
"""Seconds of patience with a busy machine. A wait ends when what it waits for is there, so only a failure takes that long."""


class _Line:
    """A connection that carries so many bytes a second, whoever sends them."""

    def __init__(self, rate: float) -> None:
        self._rate, self._free_at, self._lock = rate, 0.0, threading.Lock()

    def carry(self, count: int) -> None:
        with self._lock:
            self._free_at = max(self._free_at, time.monotonic()) + count / self._rate
            waits = self._free_at - time.monotonic()
        time.sleep(max(0.0, waits))


class _Files(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    line: _Line | None = None
    """The connection that all replies share, if it is a slow one."""

    def copyfile(self, source: Any, outputfile: Any) -> None:
        while block := source.read(65536):
            if self.line is not None:
                self.line.carry(len(block))
            outputfile.write(block)

    def translate_path(self, path: str) -> str:
        return super().translate_path(path.removeprefix(SUB_PATH)) if path.startswith(SUB_PATH + "/") else "/nowhere"

    def log_message(self, format: str, *args: Any) -> None:
        pass


class _Nobody(http.server.BaseHTTPRequestHandler):
    """A proxy for everything that is not this computer: it refuses, and remembers what was asked for."""

    asked: list[str]

    def _refuse(self) -> None:
        if not any(host in self.path for host in _CHROMIUMS_OWN):
            self.asked.append(self.path)
        self.send_error(403)

    do_GET = do_POST = do_CONNECT = do_HEAD = do_OPTIONS = _refuse  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:
        pass


_CHROMIUMS_OWN = (
    *("update.googleapis.com", "clients2.google.com", "accounts.google.com", "optimizationguide-pa.googleapis.com"),
    *("www.google.com:443", "content-autofill.googleapis.com", "android.clients.google.com"),
)
"""What Chromium itself asks for, whatever page is open."""


class _Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # a tab that is closed cuts its connections


@contextlib.contextmanager
def _serving(handler: Any) -> Iterator[int]:
    with _Server(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


@contextlib.contextmanager
def served(site: Path, mbit: float | None = None) -> Iterator[str]:
    """The address of the site's first page, over a connection of so many megabits a second (None: as fast as it goes)."""
    files = type("_Slow", (_Files,), {"line": _Line(mbit * 125_000)}) if mbit else _Files
    with _serving(functools.partial(files, directory=str(site))) as port:
        yield f"http://127.0.0.1:{port}{SUB_PATH}/"


class Tab:
    """One tab with JupyterLab in it."""

    def __init__(self, page: chrome.Page, address: str, asked: list[str]) -> None:
        self.page, self.address, self.asked = page, address, asked

    def visit(self, path: str = "") -> None:
        """Open the site, at a notebook or as it opens by itself, and wait until the notebook can be seen."""
        address = self.address + (f"?path={path}" if path else "")
        shown = f"{_NOTEBOOK} && {_NOTEBOOK}.context.isReady && document.querySelector('.jp-Notebook .jp-Cell')"
        self.page.open(address)
        try:
            self.until(shown, STARTS / 3)
        except AssertionError:  # seen once in some hundred visits: JupyterLite went on loading; a reader would load the page again
            self.page.open(address)
            self.until(shown)
        if path:
            self.until(f"{_NOTEBOOK}.context.path === {json.dumps(path)}")

    def open(self, path: str) -> None:
        """Open another notebook in the same JupyterLab."""
        self.run(f"jupyterapp.commands.execute('docmanager:open', {{path: {json.dumps(path)}}}).then(() => true)")
        self.until(f"{_NOTEBOOK} && {_NOTEBOOK}.context.isReady && {_NOTEBOOK}.context.path === {json.dumps(path)}")

    def run(self, script: str) -> Any:
        return self.page.run(script)

    def until(self, script: str, seconds: float = STARTS) -> None:
        """Wait until a JavaScript expression is true. Fails with what the page shows."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with contextlib.suppress(AssertionError):
                if self.run(f"!!({script})"):
                    return
            time.sleep(0.1)
        shown = self.run("document.body ? document.body.innerText.slice(-3000) : ''")
        raise AssertionError(f"{script} did not come true within {seconds:g} s; the page shows: {shown}")

    def idle(self, seconds: float = STARTS) -> None:
        """Until the notebook's kernel is there and has nothing to do."""
        self.until(f"{_SESSION}.session?.kernel?.status === 'idle'", seconds)

    def run_all(self, seconds: float = 600.0) -> None:
        """Run every cell from top to bottom, and wait for the end; it stops at the first cell that fails."""
        self.idle()
        self.run(
            "window.ended = undefined; jupyterapp.commands.execute('notebook:run-all-cells').then(it => { window.ended = true; }), true"
        )
        self.until("window.ended", seconds)
        self.idle()

    def cells(self) -> list[dict[str, Any]]:
        """The notebook as it stands in the tab, outputs included."""
        found: list[dict[str, Any]] = self.run(f"{_NOTEBOOK}.context.model.toJSON().cells")
        return found

    def execute(self, code: str) -> str:
        """Run code in the notebook's kernel, beside its cells; what it prints, or its error."""
        self.idle()
        script = f"""
        (async () => {{
            const future = {_SESSION}.session.kernel.requestExecute({{code: {json.dumps(code)}, store_history: false}});
            let text = "";
            future.onIOPub = message => {{
                const content = message.content;
                if (message.header.msg_type === "stream") text += content.text;
                if (message.header.msg_type === "error") text += [content.ename + ": " + content.evalue, ...content.traceback].join("\\n");
            }};
            await future.done;
            return text;
        }})()"""
        told: str = self.run(script)
        return told


_NOTEBOOK = "window.jupyterapp?.shell?.currentWidget"
_SESSION = f"{_NOTEBOOK}.sessionContext"


@contextlib.contextmanager
def tab(address: str, profile: Path, patience: float = 620.0) -> Iterator[Tab]:
    """A fresh browser at a site's address. `asked` of the tab is what it wanted from anywhere else: it must stay empty."""
    asked: list[str] = []
    handler = type("_Refusing", (_Nobody,), {"asked": asked})
    with _serving(handler) as port, chrome.chromium(profile, flags=[f"--proxy-server=http://127.0.0.1:{port}"], patience=patience) as page:
        yield Tab(page, address, asked)


def text_of(cell: dict[str, Any]) -> str:
    """What a cell printed or showed, as text."""
    parts = []
    for one in cell.get("outputs", []):
        if one["output_type"] == "stream":
            parts.append("".join(one["text"]))
        elif one["output_type"] == "error":
            parts.append(f"{one['ename']}: {one['evalue']}")
        else:
            parts.append("".join(one.get("data", {}).get("text/plain", "")))
    return "\n".join(parts)


def failed(cells: list[dict[str, Any]]) -> list[str]:
    """The cells that ended in an error, with it."""
    return [
        f"{cell['id']}: {text_of(cell)[-1500:]}" for cell in cells if any(one["output_type"] == "error" for one in cell.get("outputs", []))
    ]

"""Drives a headless Chromium through its own debugging protocol: enough to open a page, look, press keys, click and take a picture."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--remote-debugging-port=0", "--window-size=1280,1000"),
    *("--force-color-profile=srgb", "--remote-allow-origins=*"),
]
PATIENCE = 25.0
"""Seconds to wait for what must come."""

KEYS = {
    "Tab": 9,
    "Enter": 13,
    " ": 32,
    "End": 35,
    "Home": 36,
    "ArrowLeft": 37,
    "ArrowUp": 38,
    "ArrowRight": 39,
    "ArrowDown": 40,
}
TEXTS = {"Enter": "\r", " ": " "}


def binary() -> str | None:
    """Where a Chromium is."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


class Page:
    """One tab."""

    def __init__(self, address: str, patience: float = PATIENCE) -> None:
        import websocket

        self._socket = websocket.create_connection(address, timeout=patience, suppress_origin=True)
        self._number = 0
        self.problems: list[str] = []
        """What the page's console complained about."""
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": params}))
        while True:
            told = json.loads(self._socket.recv())
            if told.get("method") == "Runtime.exceptionThrown":
                self.problems.append(str(told["params"]["exceptionDetails"].get("exception", {}).get("description", ""))[:500])
            if told.get("method") == "Page.javascriptDialogOpening" and told["params"]["type"] == "beforeunload":
                self._socket.send(json.dumps({"id": 0, "method": "Page.handleJavaScriptDialog", "params": {"accept": True}}))
            if told.get("id") == self._number:
                assert "error" not in told, (method, told["error"])
                result: dict[str, Any] = told["result"]
                return result

    def open(self, address: str) -> None:
        self.call("Page.navigate", url=address)

    def run(self, script: str) -> Any:
        """The value of a JavaScript expression; a promise is waited for."""
        told = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in told, told["exceptionDetails"].get("exception", {}).get("description", told)
        return told["result"].get("value")

    def wait(self, script: str, what: str = "") -> bool:
        """Until the expression is true. Fails with what the page shows."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            with contextlib.suppress(AssertionError):
                if self.run(f"!!({script})"):
                    return True
            time.sleep(0.1)
        self.picture(Path(__file__).resolve().parents[2] / "artifacts" / "missing.png")
        shown = self.run("document.body ? document.body.innerText.slice(0, 1500) : ''")
        raise AssertionError(f"{what or script} did not come; the page shows: {shown}")

    def press(self, key: str, shift: bool = False) -> None:
        """Press and let go of a key, wherever the focus is."""
        text = {"text": TEXTS[key]} if key in TEXTS else {}
        common = {"key": key, "code": "Space" if key == " " else key, "windowsVirtualKeyCode": KEYS[key], "modifiers": 8 if shift else 0}
        self.call("Input.dispatchKeyEvent", type="keyDown", **common, **text)
        self.call("Input.dispatchKeyEvent", type="keyUp", **common)

    def tab_to(self, wanted: str, most: int = 80) -> None:
        """Press Tab until the element that has the focus fits the selector."""
        for _ in range(most):
            if self.run(f"!!document.activeElement && document.activeElement.matches({json.dumps(wanted)})"):
                return
            self.press("Tab")
        raise AssertionError(
            f"{wanted} cannot be reached by Tab; the focus is on {self.run('document.activeElement.outerHTML.slice(0, 300)')}"
        )

    def picture(self, file: Path, selector: str | None = None) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        extra: dict[str, Any] = {}
        if selector:
            box = self.run(
                f"(() => {{ const one = document.querySelector({json.dumps(selector)}); one.scrollIntoView({{block: 'start'}}); "
                "const r = one.getBoundingClientRect(); "
                "return {x: r.x, y: r.y, width: r.width, height: r.height}; })()"
            )
            extra = {"clip": {**box, "scale": 1}, "captureBeyondViewport": True}
        file.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png", **extra)["data"]))

    def close(self) -> None:
        self._socket.close()


@contextlib.contextmanager
def chromium(profile: Path, dark: bool = False, flags: Sequence[str] = (), patience: float = PATIENCE) -> Iterator[Page]:
    """A fresh browser with one tab; gone afterwards. `patience`: seconds that one answer of it may take."""
    program = binary()
    assert program is not None
    env = {**os.environ, "NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost"}
    process = subprocess.Popen(
        [program, *FLAGS, *flags, f"--user-data-dir={profile}", "about:blank"],
        env=env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    page = None
    try:
        page = Page(_address(profile / "DevToolsActivePort"), patience)
        page.call("Page.bringToFront")
        page.call("Emulation.setFocusEmulationEnabled", enabled=True)
        page.call("Emulation.setDeviceMetricsOverride", width=1280, height=1800, deviceScaleFactor=1, mobile=False)
        if dark:
            page.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
        yield page
    finally:
        if page is not None:
            page.close()
        process.kill()
        process.wait(10)


def _address(file: Path) -> str:
    """The debugging address of the first tab: Chromium writes its port to a file."""
    import http.client

    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        with contextlib.suppress(OSError, ValueError, LookupError, StopIteration, http.client.HTTPException):
            port = int(file.read_text().splitlines()[0])
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            with contextlib.closing(connection):
                connection.request("GET", "/json/list")
                tabs = json.loads(connection.getresponse().read())
            return str(next(tab["webSocketDebuggerUrl"] for tab in tabs if tab["type"] == "page"))
        time.sleep(0.05)
    raise AssertionError("Chromium did not start")

"""JupyterHub's proxy, configurable-http-proxy: a program for Node.js, installed beside the hub's data when it is missing."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from threadlab.errors import ThreadlabError

VERSION = "5.3.0"
OLDEST = 20
"""The Node.js that this version asks for."""


def installed(folder: Path) -> list[str]:
    """The command that starts the proxy; installs it into `folder` unless it is there. Raises ThreadlabError."""
    node = shutil.which("node")
    script = folder / "node_modules" / "configurable-http-proxy" / "bin" / "configurable-http-proxy"
    stamp = folder / f"configurable-http-proxy-{VERSION}"
    if node is not None and stamp.exists() and script.exists():
        return [node, str(script)]
    npm = shutil.which("npm")
    if node is None or npm is None or major(node) < OLDEST:
        raise ThreadlabError(
            "The hub's proxy runs on Node.js 20 or later, which is not here, or without its npm. Install both: "
            "apt-get install nodejs npm (Debian 13, Ubuntu 25.04 or later), or from nodejs.org. Then type the same command again."
        )
    print(f"Installing the hub's proxy, configurable-http-proxy {VERSION}, into {folder} (some seconds, once).", file=sys.stderr)
    folder.mkdir(parents=True, exist_ok=True)
    options = ["--no-save", "--no-package-lock", "--no-audit", "--no-fund", "--silent"]
    command = [npm, "install", *options, "--prefix", str(folder), f"configurable-http-proxy@{VERSION}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0 or not script.exists():
        output = (done.stderr or done.stdout).strip() or "nothing."
        raise ThreadlabError(f"npm could not install configurable-http-proxy. It said: {output}")
    stamp.touch()
    return [node, str(script)]


def major(node: str) -> int:
    """The first number of a Node.js's version; 0 if it does not say."""
    output = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    match = re.match(r"v(\d+)\.", output)
    return int(match[1]) if match else 0

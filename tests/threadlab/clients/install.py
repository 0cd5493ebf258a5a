"""Install what the tests of other people's clients need into `.venv-clients`, unless it is there. They are skipped without it.

It is an environment of its own because these packages bring some hundred others with them, with opinions about versions.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
VENV = HERE.parents[2] / ".venv-clients"
REQUIREMENTS = HERE / "requirements.txt"
JAVASCRIPT = {
    "node": ["openai@6.49.0"],  # the last that runs on Node.js 20
    "node-5": ["openai@5.23.2"],
    "node-ai": ["ai@6.0.326", "@ai-sdk/openai@3.0.141", "openai@6.49.0", "zod@4.6.7"],  # likewise
}
"""Folders, and the packages in each."""


def main() -> int:
    stamp, wanted = VENV / "installed", hashlib.sha256(REQUIREMENTS.read_bytes() + repr(JAVASCRIPT).encode()).hexdigest()
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return 0
    print("Installing the clients that the service is tested with (a minute or two).", flush=True)
    stamp.unlink(missing_ok=True)
    python = VENV / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    commands = [[sys.executable, "-m", "venv", str(VENV)]]
    commands.append([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", str(REQUIREMENTS)])
    npm = shutil.which("npm")
    if npm is not None:
        options = ["--no-save", "--no-package-lock", "--no-audit", "--no-fund", "--silent"]
        commands += [[npm, "install", *options, "--prefix", str(VENV / folder), *packages] for folder, packages in JAVASCRIPT.items()]
    for command in commands:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"They could not be installed, so their tests are skipped: {done.stderr.strip().splitlines()[-1:]}")
            return 0
    stamp.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

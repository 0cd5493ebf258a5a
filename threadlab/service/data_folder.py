"""The folder where the local server keeps its things: the key, the store, the log, and a record of the server that is running."""

import hashlib
import os
import secrets
from pathlib import Path

import msgspec
import platformdirs

from threadlab.errors import ThreadlabError

KEY_PREFIX = "sk-threadlab-"
"""What the keys of this service begin with, which are in files of this folder."""


class ServerRecord(msgspec.Struct, frozen=True):
    """What a running server leaves behind so that it can be found: `server.json`."""

    pid: int
    port: int
    version: str
    started: float
    """Seconds since 1970, real time."""
    fingerprint: str
    """Of the code that the server runs: see `code_fingerprint`."""
    responder: str = "scripted"
    """Who was chosen to write its replies: a label that tells one choice from another."""
    replies: str = ""
    """Where its replies come from, for people: the end of "Replies come from ..."."""


class Home:
    """The folder and the names of the files in it. Making one touches nothing; `ready()` does."""

    def __init__(self, folder: Path | None = None) -> None:
        path = folder or os.environ.get("THREADLAB_HOME") or platformdirs.user_data_path("threadlab", appauthor=False)
        self.folder = Path(path).expanduser().absolute()
        self.key_file = self.folder / "key"
        self.store = self.folder / "threads.db"
        self.log = self.folder / "server.log"
        self.record_file = self.folder / "server.json"
        self.starting = self.folder / "starting.lock"
        """Held by whoever is starting or stopping the server."""
        self.running = self.folder / "running.lock"
        """Held by the server for as long as it lives. The system lets go of it even after `kill -9`, so it cannot lie, as a process
        id in a file can."""

    def ready(self) -> "Home":
        """Make sure that the folder is there and can be written. One that we make can be entered by its owner only.

        On Windows the modes of folders and files mean little; there the folder is protected by being inside the user's profile.
        Raises ThreadlabError when it cannot be made or written.
        """
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            probe = self.folder / f".probe-{os.getpid()}-{secrets.token_hex(4)}"
            probe.touch(mode=0o600)
            probe.unlink()
        except OSError as error:
            raise ThreadlabError(
                f"The folder {self.folder} cannot be written ({error.strerror}), and the Threads service keeps its key and its data there. "
                "Make it writable, or set THREADLAB_HOME to a folder that is."
            ) from error
        return self

    def record(self) -> ServerRecord | None:
        """The record of the last server that was started, which may have ended since: only the `running` lock tells whether it lives.

        It is kept, because the next server takes the same port if it can, and then notebooks that are still open find it again.
        None if there is no record, or none that can be read.
        """
        try:
            return msgspec.json.decode(self.record_file.read_bytes(), type=ServerRecord)
        except (OSError, msgspec.MsgspecError):
            return None

    def write_record(self, record: ServerRecord) -> None:
        replace_file(self.record_file, msgspec.json.encode(record))


def replace_file(file: Path, content: bytes) -> None:
    """Put `content` in place whole, so that nobody ever reads half of it; readable by its owner only from the first moment."""
    draft = file.with_name(f"{file.name}.{os.getpid()}-{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(content)
    os.replace(draft, file)


def code_fingerprint() -> str:
    """A short hash of this package's source, so that a server that still runs yesterday's code can be told apart."""
    root = Path(__file__).resolve().parents[1]
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]

"""`course.py workshop`: serve the course in a room, with a live board, until Ctrl-C."""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import shutil
import socket
import sys
from pathlib import Path
from types import FrameType

import uvicorn
from filelock import FileLock, Timeout

from autograder.addresses import is_loopback
from autograder.course_folder import ROOT
from autograder.learner import progress
from autograder.workshop import addresses, messages, names
from autograder.workshop.app import Room
from autograder.workshop.board import board, sections
from autograder.workshop.course_files import pack
from autograder.workshop.grading import Grading
from autograder.workshop.live import Live
from autograder.workshop.store import Store
from threadlab.errors import ThreadlabError
from threadlab.service import listen
from threadlab.service.data_folder import replace_file

WORK = ROOT / "autograder" / "work"
ROOM = WORK / "room"
EDITION = WORK / "browser"
"""Where the browser edition is built if none is named."""


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        return forget() if options.forget else run(options)
    except ThreadlabError as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        print(f"{where}{error.strerror or error}. Check that the course's folder can be written and that there is room.", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python3 course.py workshop",
        description="Serve the course to the browsers in a room, with a live board for the teacher. Hand-ins are graded as they come.",
    )
    parser.add_argument(
        "--listen", metavar="ADDRESS", default="127.0.0.1", help="the address of this computer that others reach; 0.0.0.0: all"
    )
    parser.add_argument("--port", type=int, default=addresses.PORT, metavar="N", help=f"default: {addresses.PORT}")
    parser.add_argument("--edition", type=Path, metavar="DIR", help="a browser edition that is built already (course.py browser DIR)")
    parser.add_argument("--shown", metavar="URL", help="the address for the projector, where the room knows this computer by another name")
    parser.add_argument("--certificate", type=Path, metavar="FILE", help="serve over HTTPS with this certificate (PEM) …")
    parser.add_argument("--certificate-key", type=Path, metavar="FILE", help="… and its key")
    parser.add_argument("--no-grading", action="store_true", help="only collect what is handed in; course.py grade grades it later")
    parser.add_argument("--trust-submissions", action="store_true", help="grade even where the system offers no sandbox")
    parser.add_argument("--forget", action="store_true", help="remove everything that workshops have collected here, and end")
    return parser


def run(options: argparse.Namespace) -> int:
    """Serve until Ctrl-C. Raises ThreadlabError."""
    with contextlib.ExitStack() as ends:
        ends.enter_context(_only_one())
        listener = ends.enter_context(contextlib.closing(addresses.open_socket(options.listen, options.port)))
        edition = _edition(options.edition)
        pack(edition, ROOM / "packed")
        store = Store(ROOM / "room.db", taken=_belongs_to_somebody_else)
        ends.callback(store.close)
        live = Live()
        secure = options.certificate is not None
        port = listener.getsockname()[1]
        shown_address = (options.shown or addresses.shown(options.listen, port, secure)).rstrip("/")
        grading = Grading(store, WORK / "submitted", ROOM / "grading.log", lambda who: live.announce(who), options.trust_submissions)
        if options.no_grading:
            grading.state = "hand-ins are collected and not graded, as --no-grading says"
        messages.points(), sections(board(store, live, "", shown_address))  # the checks are loaded now, and not while sixty people wait
        key = teacher_key()
        room = Room(store, live, grading, edition, key, shown_address, grade=not options.no_grading, secure=secure, packed=ROOM / "packed")
        _greet(
            options,
            store,
            shown_address,
            f"{'https' if secure else 'http'}://127.0.0.1:{port}" if _here(options.listen) else shown_address,
            key,
        )
        config = uvicorn.Config(
            room.app,
            http=listen.protocol(),
            ws="none",
            access_log=False,
            log_level="warning",
            server_header=False,
            backlog=512,
            timeout_keep_alive=30,
            timeout_graceful_shutdown=3,
            h11_max_incomplete_event_size=32 * 1024,
            ssl_certfile=options.certificate,
            ssl_keyfile=options.certificate_key,
        )
        _Server(config, live).run(sockets=[listener])
    print("The workshop has ended. The same command opens it again with everything in it.", file=sys.stderr)
    print("Next: python3 course.py report; to forget everything: python3 course.py workshop --forget", file=sys.stderr)
    return 0


class _Server(uvicorn.Server):
    """Ends in order at Ctrl-C: pages that are open are let go first. uvicorn's own handler raises the signal once more at the end."""

    def __init__(self, config: uvicorn.Config, live: Live) -> None:
        super().__init__(config)
        self._live = live

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.force_exit = self.should_exit
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._live.end()
        await super().shutdown(sockets)


def _only_one() -> FileLock:
    ROOM.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = FileLock(ROOM / ".running.lock")
    try:
        lock.acquire(timeout=2)
    except Timeout:
        raise ThreadlabError("A workshop is open in this folder already. End it with Ctrl-C in its terminal.") from None
    return lock


def _edition(named: Path | None) -> Path:
    """The browser edition; built now if there is none."""
    folder = (named or EDITION).resolve()
    mark, sources = folder.with_name("browser-built-from"), "" if named else _sources()
    if (folder / "course.json").is_file() and (named is not None or (mark.is_file() and mark.read_text() == sources)):
        return folder
    if named is not None:
        raise ThreadlabError(f"There is no browser edition in {named}. Build one: python3 course.py browser {named}")
    if answered := progress.begun():
        raise ThreadlabError(
            f"There are answers of your own in {', '.join(answered)}, and an edition that is built here would hand them out. Build it from "
            "a copy: python3 course.py release DIR, in there python3 course.py browser EDITION, and start with --edition DIR/EDITION."
        )
    from courseware.browser.build import build
    from courseware.browser.problem import BuildProblem

    print("Building the browser edition, once. This takes a minute or two.", file=sys.stderr)
    try:
        build(folder, lambda text: print(text, file=sys.stderr, flush=True))
    except BuildProblem as problem:
        raise ThreadlabError(str(problem)) from None
    mark.write_text(sources)
    return folder


def _sources() -> str:
    """A digest of what an edition is built from: another one means that it has to be built again."""
    digest = hashlib.sha256()
    for name in ("lessons", "exercises", "threadlab", "courseware", "autograder", "constraints.txt"):
        for path in sorted((ROOT / name).rglob("*")) if (ROOT / name).is_dir() else [ROOT / name]:
            inside = path.relative_to(ROOT).as_posix()
            if (
                path.is_file()
                and path.suffix in (".py", ".ipynb", ".js", ".css", ".html", ".json", ".txt", ".svg")
                and not inside.startswith(_NOT_BUILT)
            ):
                digest.update(inside.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


_NOT_BUILT = ("autograder/work/", "autograder/workshop/", "autograder/known_answers/", "autograder/hidden/", "autograder/.progress.json")


def _belongs_to_somebody_else(folder: str) -> bool:
    return any((WORK / kind / folder).exists() for kind in ("submitted", "autograded", "feedback"))


def teacher_key() -> str:
    """The key for the teacher's pages: the same after a restart, so that the board goes on by itself."""
    file = ROOM / "teacher-key"
    with contextlib.suppress(OSError):
        if len(result := file.read_text(encoding="ascii").strip()) >= 20:
            return result
    key = names.key()
    replace_file(file, key.encode())
    return key


def _here(listen: str) -> bool:
    return listen in addresses.EVERYWHERE or is_loopback(listen)


def _greet(options: argparse.Namespace, store: Store, shown: str, here: str, key: str) -> None:
    lines = [
        f"Participants: {shown}  with the code {store.code}",
        f"Board:        {here}/teacher/?key={key}",
        "Projector:    the button “Projector” on the board",
    ]
    if is_loopback(options.listen):
        lines.append("Only this computer can reach it. To let the room in: --listen 0.0.0.0")
    else:
        lines.append(
            "Everybody in this network can reach the join page and the course's notebooks; the board needs the key, which this terminal "
            "shows and nobody else should see."
            + ("" if options.certificate else " Nicknames, notebooks and keys travel unencrypted: do this in a network that you trust.")
        )
    lines.append("Ctrl-C ends it; the same command goes on from there.")
    print("\n".join(lines), flush=True)


def forget() -> int:
    """Remove what was collected: everybody's hand-ins, marks and records, and the room's own file. Raises ThreadlabError."""
    from autograder.classroom import nbgrader_steps as classes
    from autograder.classroom.forgetting import forget as forget_one

    if not (ROOM / "room.db").is_file():
        print("No workshop has collected anything here.")
        return 0
    lock = _only_one()
    store = Store(ROOM / "room.db")
    folders = store.everybody_ever()
    store.close()
    api = classes.nbgrader_api()
    count = 0
    for student in folders:
        count += len(forget_one(student, api))
    lock.release()
    shutil.rmtree(ROOM)
    print(f"Forgotten: {len(folders)} participants and {count} things that were kept of them, with the room's own file, code and keys.")
    print("The browsers of the participants keep their own notebooks; course.py report writes what is left.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""`serve`: the service in the foreground of a shell, or in the background of a notebook.

Without `--store` it is this user's own service: there is one at a time, it leaves a record of itself, and notebooks find it. With
`--store` it is a service apart, that nobody finds who is not told its address.
"""

import argparse
import json
import os
import shlex
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, closing, suppress
from pathlib import Path
from urllib.request import getproxies

from filelock import FileLock, Timeout

from threadlab.engine import Engine
from threadlab.errors import ThreadlabError
from threadlab.service import listen
from threadlab.service.answerer import Worker
from threadlab.service.any_id import AnyId
from threadlab.service.asgi import App, ServerInfo
from threadlab.service.data_folder import Home, ServerRecord, code_fingerprint
from threadlab.service.in_process import build_engine
from threadlab.service.keys import key_file_of, keys_of
from threadlab.service.log_line import RequestLine
from threadlab.service.recorded import options as record_options
from threadlab.service.responder_options import INSIDE, Choice, refuse_self
from threadlab.service.status_page import last_threads, token_of
from threadlab.store.address import is_address, place_shown
from threadlab.store.open import open_store
from threadlab.store.protocol import Store
from threadlab.text import tokens
from threadlab.version import version
from threadlab.virtual_time.clock import VirtualClock, make_clock

MEMORY = ":memory:"


def serve(options: argparse.Namespace) -> int:
    """Run the service until it is asked to end. The exit code; raises ThreadlabError when it cannot run."""
    try:
        clock = make_clock(options.clock)
        listen.check_host(options.host)
        if isinstance(clock, VirtualClock):
            raise ValueError("a virtual clock cannot be used over HTTP, because nothing would move it: choose --clock real or --clock x50")
    except (ValueError, ThreadlabError) as error:
        print(f"threadlab: {error}", file=sys.stderr)
        return 2

    source = record_options.source(options)
    if (options.any_id or source.forwards) and options.store is None:
        options.store = MEMORY  # what is made for a test suite has no business among somebody's threads
    choice = source.choice
    if options.any_id and choice.name not in INSIDE:
        raise ThreadlabError(f"--any-id brings runs to where a test suite wants them, which needs planned replies, not {choice.name} ones.")
    home = Home().ready()
    key_file: Path = (options.key_file or home.key_file).absolute()
    keys = keys_of(key_file, options.project, options.keys)
    key = next(iter(keys))
    place = _place(home, options.store)
    with ExitStack() as ends:
        if options.store is None:
            ends.enter_context(_only_one(home))
        listener = ends.enter_context(closing(_listener(home, options.port)))
        port, started = listener.getsockname()[1], time.time()
        if source.recording is None:
            refuse_self(choice, port)
        answering = record_options.opened(source, clock, list(keys), ends)
        responder = answering.responder
        store = ends.enter_context(closing(open_store(place)))
        engine = _engine(options, store, keys, choice)
        handler = AnyId(engine, key=key, project=keys[key]) if options.any_id else engine
        if options.store is None:
            record = ServerRecord(os.getpid(), port, version(), started, code_fingerprint(), choice.label(), answering.described)
            home.write_record(record)
        info = ServerInfo("threadlab", version(), os.getpid(), started, place_shown(place), answering.described)

        def transaction() -> AbstractContextManager[None]:
            engine.advance(clock.now())  # first, by itself: it need not wait for the disk, and requests that only read need not then either
            return store.transaction()

        app = App(
            handler,
            clock,
            key=key,
            info=info,
            keys=None if options.any_id else keys,
            on_request=_reporter(options),
            threads=lambda: last_threads(store, dict.fromkeys(keys.values())),
            transaction=transaction,
            worker=Worker(engine, responder, clock) if responder else None,
            on_lost=engine.invalidate,
            forward=answering.forward,
        )
        threading.Thread(target=tokens.load, daemon=True).start()  # or the first run would wait for it, and everybody with it
        _greet(f"http://127.0.0.1:{port}", options, key_file, info, token_of(key))
        listen.run(app, listener, idle_exit=options.idle_exit)
    return 0


def _engine(options: argparse.Namespace, store: Store, keys: dict[str, str], choice: Choice) -> Engine:
    try:
        return build_engine(
            store,
            keys=keys,
            scenario=options.scenario,
            seed=options.seed,
            limits=options.limits,
            deployments=deployments_of(options.deployment),
            responder=choice.name if choice.name in INSIDE else None,
        )
    except ValueError as error:
        raise ThreadlabError(str(error)) from error


def deployments_of(given: list[str]) -> dict[str, str]:
    """Names of deployments and their models, from `NAME=MODEL`. Raises ThreadlabError."""
    result: dict[str, str] = {}
    for one in given:
        name, _, model = one.partition("=")
        if not name or not model:
            raise ThreadlabError(f"--deployment {one!r} is not understood: it is NAME=MODEL, such as support-bot=gpt-4o.")
        result[name] = model
    return result


def _place(home: Home, given: str | None) -> Path | str | None:
    """Where things are kept: this user's own file, or what `--store` names; None for memory."""
    if given is None:
        return home.store
    if given == MEMORY:
        return None
    return given if is_address(given) else Path(given).absolute()


def _only_one(home: Home) -> AbstractContextManager[object]:
    """Hold the lock that this user's server holds while it lives. Raises ThreadlabError if another one holds it."""
    try:
        return FileLock(home.running).acquire(timeout=2)
    except Timeout as error:
        raise ThreadlabError(
            "This user's Threads service is running already; `status` says where. End it first with `stop`, or run a second one on a "
            f"store and a port of its own: --store FILE (or --store {MEMORY}) --port auto."
        ) from error


def _listener(home: Home, port: int | None) -> socket.socket:
    """At `port`; for None at the port of the last server, so that notebooks that are still open find this one, or at any free port."""
    if port is not None:
        return listen.open_socket(port)
    record = home.record()
    try:
        return listen.open_socket(record.port if record else listen.DEFAULT_PORT)
    except ThreadlabError:
        return listen.open_socket(0)


def _greet(address: str, options: argparse.Namespace, key_file: Path, info: ServerInfo, token: str) -> None:
    """Say where the service is and how to use it from another shell; on standard error if standard output is for JSON."""
    lines = [
        f"The Threads service is at {address} (store: {info.store}; clock: {options.clock}). Ctrl-C ends it. To use it from another shell:",
        *(f"  {line}" for line in _settings(address, key_file)),
    ]
    for project in dict.fromkeys(options.project):
        lines.append(f"  {_KEY_LINE.format(_quoted(key_file_of(project, key_file)))}  # instead, for the project {project}")
    lines.append(f"Replies come from {info.replies}.")
    if options.any_id:
        lines.append("Any id and any key are answered: this is for the test suites of clients, and not how the API behaved.")
    if options.scenario or options.limits:
        lines.append(f"What goes wrong: {' '.join(filter(None, [options.scenario, options.limits and f'limits {options.limits}']))}")
    lines.append(f"The last requests and threads: {address}/?token={token}")
    print(*lines, sep="\n", file=sys.stderr if options.json_log else sys.stdout, flush=True)


_KEY_LINE = "$env:OPENAI_API_KEY = Get-Content {}" if os.name == "nt" else "export OPENAI_API_KEY=$(cat {})"


def _quoted(file: Path) -> str:
    return f'"{file}"' if os.name == "nt" else shlex.quote(str(file))


def _settings(address: str, key_file: Path) -> list[str]:
    """Lines for another shell. The key itself is never printed."""
    assign = '$env:{} = "{}"' if os.name == "nt" else "export {}={}"
    proxy = [assign.format("NO_PROXY", "127.0.0.1")] if getproxies() else []
    return [assign.format("OPENAI_BASE_URL", f"{address}/v1"), _KEY_LINE.format(_quoted(key_file)), *proxy]


def _reporter(options: argparse.Namespace) -> Callable[[RequestLine], None] | None:
    """What happens to each request's line. A watcher that has gone away (a closed pipe) must not disturb the service."""
    if options.quiet:
        return None
    write = _write_json if options.json_log else _live_line() if sys.stdout.isatty() else _write_plain

    def report(line: RequestLine) -> None:
        with suppress(OSError, ValueError):
            write(line)

    return report


def _write_json(line: RequestLine) -> None:
    print(json.dumps(line._asdict()), flush=True)


def _write_plain(line: RequestLine) -> None:
    print(_clock_time(line), line.method, line.path, line.status or "no reply", f"{line.milliseconds:.0f} ms", flush=True)


def _live_line() -> Callable[[RequestLine], None]:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)
    styles = {2: "green", 4: "yellow", 5: "red"}

    def write(line: RequestLine) -> None:
        style = styles.get((line.status or 0) // 100, "magenta")
        status = (str(line.status or "no reply").ljust(9), style)
        console.print(Text.assemble((f"{_clock_time(line)} ", "dim"), status, f"{line.milliseconds:6.0f} ms  {line.method:<6} {line.path}"))

    return write


def _clock_time(line: RequestLine) -> str:
    return time.strftime("%H:%M:%S", time.localtime(line.time))

"""The service from a shell: `serve`, `status`, `stop`; `drift`, for its fidelity; and `scan`, `export`, `import` and
`parity`, for leaving the Assistants API."""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from threadlab.errors import ThreadlabError
from threadlab.service.local_server import server_status, stop_server
from threadlab.version import version


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"threadlab: {message}. `{self.prog} --help` lists what there is.\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. The exit code: 0 done, 1 it could not be done, 2 it was asked for wrongly."""
    options = _parser().parse_args(arguments)
    try:
        code: int = options.run(options)
        return code
    except ThreadlabError as error:
        print(f"threadlab: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="threadlab", description="The Threads service: the conversation side of the Assistants API, on this computer.")
    parser.add_argument("--version", action="version", version=f"threadlab {version()}")
    verbs = parser.add_subparsers(required=True, metavar="VERB")

    serve = verbs.add_parser("serve", help="run the service until Ctrl-C")
    serve.add_argument("--port", type=_port, default="8650", help="8650 unless given; auto: that one if it is free, otherwise any")
    serve.add_argument("--store", metavar="FILE", help="where threads are kept, postgresql://USER@HOST/DATABASE included; "
                       ":memory: forgets them at the end. "
                       "Left out: this user's own store, which notebooks use too")  # fmt: skip
    serve.add_argument("--clock", default="real", help="real, or x50 for fifty times real time")
    serve.add_argument("--responder", metavar="NAME", help="who writes the replies: scripted (unless given), echo, hosted or local; "
                       "each of these options has an environment variable, such as THREADLAB_RESPONDER_URL")  # fmt: skip
    serve.add_argument("--responder-url", metavar="URL", help="hosted: the endpoint, https://api.openai.com/v1 unless given; "
                       "its key comes from THREADLAB_RESPONDER_KEY")  # fmt: skip
    serve.add_argument("--responder-model", metavar="MODEL", help="hosted: which model, if not the one that the assistant names; "
                       "local: its GGUF file")  # fmt: skip
    serve.add_argument("--responder-api", metavar="API", help="hosted: responses (unless given), or chat for an endpoint without it")
    serve.add_argument(
        "--record", metavar="FILE", type=Path, help="keep what the endpoint of --responder hosted, or of --upstream, answers"
    )
    serve.add_argument("--upstream", metavar="URL", help="pass requests on to this OpenAI-compatible endpoint, and record them; "
                       "its key comes from THREADLAB_RESPONDER_KEY")  # fmt: skip
    serve.add_argument("--replay", metavar="FILE", type=Path, help="answer from a recording in place of the endpoint that it is of")
    serve.add_argument("--scenario", help="what goes wrong, and when")
    serve.add_argument("--limits", help="rate limits, such as gpt-4o:rpm=3")
    serve.add_argument("--seed", type=int, help="a number; the same one gives the same ids and faults")
    serve.add_argument("--key-file", metavar="FILE", type=Path, help="where the key is, or is to be made")
    serve.add_argument("--project", metavar="NAME", action="append", default=[], help="a project with a key and objects of its own, "
                       "apart from the default one; can be repeated")  # fmt: skip
    serve.add_argument("--keys", metavar="FILE", type=Path, help="more projects: a line PROJECT KEY for each key")
    serve.add_argument("--deployment", metavar="NAME=MODEL", action="append", default=[], help="what clients of Azure call a model; "
                       "can be repeated. Their endpoint is this service's address, their key the same")  # fmt: skip
    serve.add_argument("--any-id", action="store_true", help="for test suites of clients: any id and any key is answered")
    serve.add_argument("--idle-exit", metavar="SECONDS", type=_seconds, help="end after so long without a request")
    serve.add_argument("--json-log", action="store_true", help="a line of JSON for each request, on standard output")
    serve.add_argument("--quiet", action="store_true", help="no line for each request")
    serve.add_argument("--host", default="127.0.0.1", help=argparse.SUPPRESS)
    serve.set_defaults(run=_serve)

    _add_comparisons(verbs)
    verbs.add_parser("status", help="say whether this user's service runs, and where").set_defaults(run=_status)
    verbs.add_parser("stop", help="end this user's service").set_defaults(run=_stop)
    return parser


def _add_comparisons(verbs: "argparse._SubParsersAction[_Parser]") -> None:
    """The verbs for leaving the Assistants API, and for comparing this service with others."""
    scan = verbs.add_parser("scan", help="find what uses the Assistants API, in Python and JavaScript, and what replaces it",
                            description="Exit code: 0 nothing found, 1 something found, 2 only files that could not be read.")  # fmt: skip
    scan.add_argument("paths", metavar="PATH", nargs="+", type=Path, help="a file or a folder")
    scan.add_argument("--format", choices=("text", "json", "sarif"), default="text", help="text unless given")
    scan.add_argument("--json", action="store_const", dest="format", const="json", help="as JSON")
    scan.add_argument(
        "--diff", action="store_true", help="a draft of the change of Python files, as a patch; what you must decide is marked"
    )
    scan.set_defaults(run=_scan)

    parity = verbs.add_parser("parity", help="play the same scenes with old and new code, and compare what users would see",
                              description="Exit code: 0 they behave alike, 1 they do not. Parameters are filled in by name.")  # fmt: skip
    for side, name in (("old", "on Threads"), ("new", "on Conversations")):
        parity.add_argument(side, metavar=side.upper(), help=f"the code {name}: a .py or .ipynb file, or FILE:FUNCTION")
    parity.add_argument("--json", action="store_true", help="as JSON")
    parity.set_defaults(run=_parity)

    drift = verbs.add_parser("drift", help="compare what was recorded with what this service says to the same requests, shape by shape",
                             description="Exit code: 0 the same shapes, 1 drift, 2 it cannot be read or compared.")  # fmt: skip
    drift.add_argument("recording", metavar="RECORDING", type=Path, help="what `serve --record` wrote")
    drift.add_argument("--json", action="store_true", help="as JSON")
    drift.set_defaults(run=_drift)

    export = verbs.add_parser("export", help="write a thread to a file, as lines of JSON")
    export.add_argument("thread", metavar="THREAD", help="its id")
    export.add_argument("-o", "--out", metavar="FILE", type=Path, help="THREAD.jsonl unless given")
    carry = verbs.add_parser("import", help="bring an exported thread into a conversation; the same command goes on after a stop")
    carry.add_argument("file", metavar="FILE", type=Path, help="what export wrote")
    carry.add_argument("--map", metavar="FILE", type=Path, help="where it is written down what has arrived: FILE.map unless given")
    for verb, run in ((export, _export), (carry, _import)):
        verb.add_argument("--base-url", metavar="URL", help="the service; OPENAI_BASE_URL unless given. The key is OPENAI_API_KEY")
        verb.set_defaults(run=run)


def _port(text: str) -> int | None:
    """A port number, or None for `auto`."""
    if text == "auto":
        return None
    if text.isdecimal() and int(text) < 65536:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a port: it is a number from 0 to 65535, or auto")


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds above 0")
    return seconds


def _serve(options: argparse.Namespace) -> int:
    from threadlab.service.serve import serve  # here, because the other verbs need neither the engine nor uvicorn

    return serve(options)


def _scan(options: argparse.Namespace) -> int:
    from threadlab.migrate.scan import main as scan

    return scan(options.paths, form=options.format, diff=options.diff)


def _parity(options: argparse.Namespace) -> int:
    from threadlab.migrate.parity import main as parity

    return parity(options.old, options.new, as_json=options.json)


def _drift(options: argparse.Namespace) -> int:
    from threadlab.drift.command import main as drift

    return drift(options.recording, as_json=options.json)


def _export(options: argparse.Namespace) -> int:
    from threadlab.migrate.command import export

    return export(options.thread, options.out, options.base_url)


def _import(options: argparse.Namespace) -> int:
    from threadlab.migrate.command import bring

    return bring(options.file, options.map, options.base_url)


def _status(options: argparse.Namespace) -> int:
    """0 when the service runs, 1 when it does not."""
    status = server_status()
    if status is None:
        print("No Threads service is running.")
        return 1
    record = status.record
    started = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(record.started))
    print(f"The Threads service is at http://127.0.0.1:{record.port} (process {record.pid}, version {record.version}, since {started}).")
    print(f"Its store is {status.store}." + (f" Replies come from {record.replies}." if record.replies else ""))
    if not status.current:
        print("It runs other code than is installed now: the next `%load_ext threadlab` replaces it.")
    return 0


def _stop(options: argparse.Namespace) -> int:
    print("The Threads service has ended." if stop_server() else "No Threads service was running.")
    return 0

"""`course.py hub`: a JupyterHub for a class on this computer, until Ctrl-C."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from importlib.util import find_spec
from pathlib import Path
from types import FrameType

import psutil
from filelock import FileLock, Timeout

from autograder.addresses import is_loopback
from autograder.course_folder import ROOT
from autograder.hub import control_groups, proxy
from autograder.hub.accounts import Accounts, end_all_of
from autograder.hub.enter import Entry
from autograder.hub.plan import PORT, TEMPLATE, Course, Plan, own_accounts
from autograder.hub.spawner import DEPLOY, closed_around_python, hub_environment, start_as
from autograder.printable import printable
from autograder.sandbox import available
from threadlab.errors import ThreadlabError
from threadlab.service.data_folder import replace_file

DATA = ROOT / "autograder" / "work" / "hub"
TRIED_UID = 65_534
"""Who tries whether accounts and views of the files can be had."""


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        return run(options)
    except ThreadlabError as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        print(f"{where}{error.strerror or error}. Check that the hub's folder can be written and that there is room.", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python3 course.py hub",
        description="Run a JupyterHub for a class on this computer: everybody has a server and a home, exercises are handed out and in "
        "through nbgrader, and what is handed in can be graded at once.",
    )
    parser.add_argument(
        "--listen", metavar="ADDRESS", default="127.0.0.1", help="the address of this computer that others reach; 0.0.0.0: all"
    )
    parser.add_argument("--port", type=int, default=PORT, metavar="N", help=f"default: {PORT}; the numbers after it are used, too")
    parser.add_argument("--data", type=Path, default=DATA, metavar="DIR", help="where hub.toml, homes and the exchange are")
    parser.add_argument("--certificate", type=Path, metavar="FILE", help="serve over HTTPS with this certificate (PEM) …")
    parser.add_argument("--certificate-key", type=Path, metavar="FILE", help="… and its key")
    parser.add_argument("--grade-on-submission", action="store_true", help="as grade_on_submission = true in every course of hub.toml")
    parser.add_argument("--trust-submissions", action="store_true", help="grade even where the system offers no sandbox")
    return parser


def run(options: argparse.Namespace) -> int:
    """Get everything ready, and run JupyterHub until it is asked to end. Raises ThreadlabError."""
    with only_one(options.data.resolve()):
        return _run(options)


@contextlib.contextmanager
def only_one(data: Path) -> Iterator[None]:
    """Hold the hub's folder. What is left of a hub that was killed is ended first. Raises ThreadlabError."""
    data.mkdir(parents=True, exist_ok=True)
    lock = FileLock(data / ".running.lock")
    try:
        lock.acquire(timeout=2)
    except Timeout:
        raise ThreadlabError(f"A hub runs in {data} already. End it with Ctrl-C in its terminal, or name another: --data DIR.") from None
    try:
        end_leftovers(data)
        yield
    finally:
        lock.release()


def end_leftovers(data: Path) -> None:
    """End JupyterHub, proxy, services and people's servers that have outlived the program that started them."""
    ended = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get("THREADS_HUB_DATA") == str(data) and process.pid != os.getpid():
                process.kill()
                ended.append(process)
    psutil.wait_procs(ended, timeout=10)
    if own_accounts():
        for uid in Accounts(data).known().values():
            end_all_of(uid)


def _run(options: argparse.Namespace) -> int:
    plan = prepare(options.data.resolve(), options.port)
    if own_accounts():
        try_accounts(plan)
    command = proxy.installed(plan.data / "proxy")
    for name, course in plan.courses.items():
        print(f"Making the learners' copy of {name}.", file=sys.stderr, flush=True)
        make_learners_copy(plan, name, course)
        make_exchange(plan, name, course)
    passwords = kept_passwords(plan)
    env = {
        **hub_environment(),
        "THREADS_HUB_DATA": str(plan.data),
        "THREADS_HUB_PORT": str(plan.port),
        "THREADS_HUB_LISTEN": options.listen,
        "THREADS_HUB_PROXY": json.dumps(command),
        **({"THREADS_HUB_GRADE": "1"} if options.grade_on_submission else {}),
        **({"THREADS_HUB_TRUST": "1"} if options.trust_submissions else {}),
        **({"THREADS_HUB_ACCOUNTS": "1"} if own_accounts() else {}),
        **({"THREADS_HUB_CERTIFICATE": str(options.certificate.resolve())} if options.certificate else {}),
        **({"THREADS_HUB_CERTIFICATE_KEY": str(options.certificate_key.resolve())} if options.certificate_key else {}),
    }
    words = [sys.executable, "-P", "-m", "jupyterhub", "-f", str(DEPLOY / "jupyterhub_config.py")]
    with (plan.data / "hub.log").open("wb") as log:
        process = subprocess.Popen(words, env=env, cwd=plan.data, stdout=log, stderr=log, start_new_session=True)
    return attend(process, plan, options.certificate is not None, lambda: greet(options, plan, passwords))


def attend(process: subprocess.Popen[bytes], plan: Plan, secure: bool, opened: Callable[[], None]) -> int:
    """Wait for JupyterHub, call `opened` when it answers, and end it when this process is asked to end. Returns the exit code."""
    signals: list[int] = []

    def end(number: int, frame: FrameType | None) -> None:
        signals.append(number)
        process.send_signal(signal.SIGTERM)  # it stops everybody's server, and its services and proxy

    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, end)
    answered = False
    while process.poll() is None:
        if not answered and healthy(plan.port, secure):
            answered = True
            opened()
        time.sleep(0.2)
    if signals:
        print("The hub has ended. The same command opens it again with everything in it.", file=sys.stderr)
        return 0
    last = (plan.data / "hub.log").read_text(encoding="utf-8", errors="replace").strip().splitlines()[-12:]
    print(
        "\n".join([*(printable(line) for line in last), f"JupyterHub has ended. All that it said: {plan.data / 'hub.log'}"]),
        file=sys.stderr,
    )
    return 1


def healthy(port: int, secure: bool) -> bool:
    """Whether the hub answers through its proxy."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # it is this computer, by another name than the certificate's
    where = HTTPSConnection("127.0.0.1", port, timeout=5, context=context) if secure else HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        where.request("GET", "/hub/health")
        return where.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        where.close()


def answers(port: int) -> bool:
    """Whether something listens on this computer's port."""
    with socket.socket() as asking:
        asking.settimeout(1)
        return asking.connect_ex(("127.0.0.1", port)) == 0


def prepare(data: Path, port: int) -> Plan:
    """The hub's folder, with its settings. Raises ThreadlabError."""
    if sys.platform == "win32":
        raise ThreadlabError("JupyterHub does not run on Windows. In WSL or on a Linux computer it does.")
    if not (DEPLOY / "jupyterhub_config.py").is_file():
        raise ThreadlabError(f"{DEPLOY} is not here: learners' copies and packages come without it. Run the hub in a clone of the course.")
    data.mkdir(parents=True, exist_ok=True)
    data.chmod(0o711)
    file = data / "hub.toml"
    if not file.exists():
        replace_file(file, TEMPLATE.encode())
        print(f"The hub's settings are in {file}: names, sign-in, limits, courses.", file=sys.stderr)
    file.chmod(0o644)  # it holds no secret, and a course's grader reads it under its own account
    plan = Plan(data, port)
    if not 1024 <= port <= 65_000:
        raise ThreadlabError(f"--port {port}: name one from 1024 to 65000.")
    if plan.settings.spawner == "docker" and (find_spec("dockerspawner") is None or not plan.settings.image):
        raise ThreadlabError('spawner = "docker" needs the package dockerspawner and an image: see deploy/hub/README.md.')
    used = [one for one in (port, plan.hub_port, plan.proxy_port, *map(plan.formgrader_port, plan.courses)) if answers(one)]
    if used:
        raise ThreadlabError(f"Port {used[0]} is in use, by another hub or another program. End it, or name another with --port N.")
    for name in ("jupyterhub.sqlite", "hub.log"):
        (data / name).touch(mode=0o600)
    if (data / "accounts.json").exists():
        (data / "accounts.json").chmod(0o644)
    return plan


def try_accounts(plan: Plan) -> None:
    """Whether this root may change accounts and views of files: some containers' root may not. Raises ThreadlabError."""
    entry = Entry(
        name="trying",
        env={},
        folder="/",
        uid=TRIED_UID,
        closed=[str(one) for one in [*plan.closed, *closed_around_python()]],
        shown=[str(Path(one).resolve()) for one in {sys.prefix, sys.base_prefix}],
    )
    process = start_as(entry, sys.executable, "-I", "-c", "")
    if process.wait():
        raise ThreadlabError(
            "The hub was started by root, so everybody should have an account and a view of the files of their own, and this system does "
            "not let root make them (a container may need --cap-add SYS_ADMIN). Start it as another user, for people who trust each other, "
            'or set spawner = "docker" in hub.toml.'
        )


def make_learners_copy(plan: Plan, name: str, course: Course) -> None:
    """What the course's learners import and read: made anew at each start. Raises ThreadlabError."""
    env = {**os.environ, "PYTHONPATH": str(course.path), "GIT_CONFIG_COUNT": "1"}
    env |= {"GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*"}  # root may look after somebody else's clone
    with tempfile.TemporaryDirectory() as aside:
        copy = Path(aside) / "copy"
        command = [sys.executable, "-P", "-m", "autograder", "release", str(copy)]
        done = subprocess.run(command, cwd=course.path, env=env, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise ThreadlabError(f"The learners' copy of {name} could not be made. {done.stderr.strip()[-600:]}")
        target = plan.learners(name)
        target.parent.mkdir(exist_ok=True)
        shutil.rmtree(target, ignore_errors=True)
        shutil.move(copy, target)


def make_exchange(plan: Plan, name: str, course: Course) -> None:
    """nbgrader's folders for a course, as nbgrader would make them: they belong to whom the course belongs to."""
    owner = course.path.stat()
    plan.exchange.mkdir(exist_ok=True)
    plan.exchange.chmod(0o777)
    for folder, mode in (("", 0o755), ("outbound", 0o755), ("inbound", 0o2733), ("feedback", 0o711)):
        path = plan.exchange / name / folder
        path.mkdir(exist_ok=True)
        if own_accounts():
            os.chown(path, owner.st_uid, owner.st_gid)
        path.chmod(mode)
    service = plan.service(name)
    service.mkdir(parents=True, exist_ok=True)
    if own_accounts():
        os.chown(service, owner.st_uid, owner.st_gid)
    service.chmod(0o700)


def kept_passwords(plan: Plan) -> dict[str, str]:
    """The class's password and the teachers': the same after a restart."""
    file = plan.data / "passwords.json"
    if file.exists():
        passwords: dict[str, str] = json.loads(file.read_text(encoding="ascii"))
        return passwords
    result = {"students": secrets.token_urlsafe(9), "teachers": secrets.token_urlsafe(30)}
    replace_file(file, json.dumps(result).encode())
    file.chmod(0o600)
    return result


def greet(options: argparse.Namespace, plan: Plan, passwords: dict[str, str]) -> None:
    settings = plan.settings
    here = is_loopback(options.listen)
    scheme = "https" if options.certificate else "http"
    lines = [f"The hub: {scheme}://{options.listen if here else '127.0.0.1'}:{plan.port}   Settings: {plan.file}"]
    if settings.sign_in == "shared":
        lines += [f"Teachers ({', '.join(settings.teachers)}) sign in with {passwords['teachers']}"]
        lines += [f"Students sign in with their name and {passwords['students']}"]
        lines += ['Whoever knows the students\' password can sign in as any student. For marks, set sign_in = "native".']
    else:
        lines += [f"Sign up first as {', '.join(settings.teachers)}, before others do: these names administer the hub."]
    lines += [isolation(settings.spawner), limits()]
    if options.grade_on_submission or any(one.grade_on_submission for one in settings.courses.values()):
        lines += ["What is handed in is graded at once; marks are yours to release." if _can_grade(options) else available().sentence()]
    if here:
        lines += ["Only this computer can reach it. To let the class in: --listen 0.0.0.0"]
    elif not options.certificate:
        lines += ["Passwords and notebooks travel unencrypted. Use --certificate outside of a network that you trust."]
    print("\n".join([*lines, "Ctrl-C ends it; the same command goes on from there."]), flush=True)


def isolation(spawner: str) -> str:
    if spawner == "docker":
        return "Everybody's server runs in a container of its own."
    if own_accounts():
        return "Everybody has a user id of their own, and sees neither the course's folder nor anybody else's home."
    return (
        "Everybody's programs run under your account: a student's code can read and change whatever you can, solutions and marks included. "
        "That is for a rehearsal, or for people whom you trust; start the hub as root for accounts of their own."
    )


def limits() -> str:
    if not own_accounts():
        return "The limit on memory is of each process; processor time is not limited."
    if control_groups.available():
        return "Limits on memory, processors and processes hold for each person (control groups)."
    return "Without control groups, memory is limited for each process, the number of processes for each person, processor time not at all."


def _can_grade(options: argparse.Namespace) -> bool:
    return bool(options.trust_submissions or available().complete)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

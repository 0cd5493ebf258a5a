"""Finds out which protections hold by trying, in a locked-down process, what a submission might try."""

import json
import os
import resource
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from autograder.sandbox.limits import Limits
from autograder.sandbox.readable import COURSE
from autograder.sandbox.report import PROTECTIONS, Protection, Report

if TYPE_CHECKING:
    from autograder.sandbox.base import Base

_ELSEWHERE = ("192.0.2.1", 9)
"""An address that is nobody's (RFC 5737). Connecting a UDP socket sends nothing; it asks whether there is a way out."""


def _network() -> str | None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.connect(_ELSEWHERE)
        except OSError:
            pass
        else:
            return "it has a way out to the network"
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        return None


def _reading() -> str | None:
    python = [Path(path) for path in (sys.prefix, sys.base_prefix, os.path.realpath(sys.base_prefix))]
    for folder in (COURSE / "autograder", Path("/root"), Path("/home"), Path("/var")):
        try:
            paths = [folder / name for name in os.listdir(folder)]
        except OSError:
            continue
        if any(not any(path.is_relative_to(seen_path) for path in python) for seen_path in paths):
            return f"it can look into {folder}"
    return None


def _writing() -> str | None:
    Path("probe").write_text("in the scratch folder")
    Path("probe").unlink()
    for folder in ("/", "/var/tmp", "/run", sys.prefix, os.path.dirname(os.__file__)):
        path = Path(folder, f"probe-{os.getpid()}")
        try:
            path.write_text("outside")
        except OSError:
            continue
        path.unlink()
        return f"it can write in {folder}"
    return None


def _processes() -> str | None:
    return None if os.getpid() == 1 else "it has no process namespace"


def _signals(grader: int) -> str | None:
    if os.getpid() == 1:
        return None
    try:
        os.kill(grader, 0)
    except OSError:
        return None
    return "it can signal the grader"


def _limits() -> str | None:
    if resource.getrlimit(resource.RLIMIT_AS)[0] == resource.RLIM_INFINITY:
        return "memory could not be limited"
    return "root is not held to a number of processes" if _user_outside() == 0 else None


def _user_outside() -> int:
    """Who this is outside its user namespace (user_namespaces(7): rows of inside, outside, count)."""
    try:
        rows = Path("/proc/self/uid_map").read_text().splitlines()
    except OSError:
        return os.getuid()
    for inside, outside, count in (map(int, row.split()) for row in rows):
        if inside <= os.getuid() < inside + count:
            return outside + os.getuid() - inside
    return os.getuid()


def probe(base: "Base") -> Report:
    """Fork a child, lock it down as a submission and let it try."""
    grader = os.getpid()
    reading, writing = os.pipe()
    base.before_fork()
    pid = os.fork()
    if pid == 0:
        try:
            os.write(writing, json.dumps(_tried(base, grader)).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with open(reading, "rb") as file:
        reply = file.read()
    os.waitpid(pid, 0)
    base.after_end(pid)
    return Report(json.loads(reply) if reply else dict.fromkeys(PROTECTIONS, "the process that tried it ended"))


def _tried(base: "Base", grader: int) -> dict[Protection, str]:
    try:
        os.chdir(base.confine(Limits()))
    except OSError as problem:
        return dict.fromkeys(PROTECTIONS, str(problem))
    tries: dict[Protection, Callable[[], str | None]] = {
        "network": _network,
        "reading": _reading,
        "writing": _writing,
        "processes": _processes,
        "signals": lambda: _signals(grader),
        "limits": _limits,
    }
    missing: dict[Protection, str] = {}
    for name, attempt in tries.items():
        try:
            reason = attempt()
        except Exception as problem:
            reason = f"trying it failed: {problem}"
        if reason:
            missing[name] = reason
    return missing

"""Locks down the warm process, as far as this machine allows."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable

from autograder.sandbox.base import Base
from autograder.sandbox.probe import probe
from autograder.sandbox.report import Report

if sys.platform == "linux":
    from autograder.sandbox import kernel, namespaces
    from autograder.sandbox.base import Namespaced, Restricted


def attempt(work: Callable[[], object]) -> str | None:
    """Whether `work` succeeds, tried in a process of its own: None, or what went wrong."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        problem = "it ended without a word"
        try:
            os.close(reading)
            work()
            problem = ""
        except BaseException as raised:
            problem = str(raised) or type(raised).__name__
        finally:
            os.write(writing, f"{problem}\n".encode())
            os._exit(0)
    os.close(writing)
    with open(reading, encoding="utf-8", errors="replace") as file:
        reason = file.readline()
    os.waitpid(pid, 0)
    return reason.strip() or None if reason else "it ended without a word"


def enter() -> Base:
    """Lock down the warm process as far as this machine allows, and find out how far that is.

    The calling process must have no threads. Where namespaces can be had, the call returns in a new process, the first of its namespace.
    """
    if sys.platform != "linux":
        return Base("only Linux can hold it to that")
    with contextlib.suppress(OSError, KeyError):
        kernel.leave_keyring()
    reasons = []
    for way in namespaces.WAYS:
        reason = attempt(way)
        if reason is None:
            way()
            base: Base = Namespaced()
            base.report = probe(base)
            return base
        reasons.append(reason)
    base = Restricted("no namespaces")
    missing = probe(base).missing
    base.report = Report({name: f"{why}, as namespaces are not to be had: {reasons[-1]}" for name, why in missing.items()})
    return base

"""Locks down the processes that run submissions.

`enter()` is called once in the warm process and returns a `Base`; `Base.confine(limits)` is called in each forked child before it runs
anything. `available()` says what holds on this machine.
"""

from autograder.sandbox.available import available
from autograder.sandbox.base import Base, close_others
from autograder.sandbox.enter import enter
from autograder.sandbox.report import PROTECTIONS, Protection, Report, SandboxUnavailable

__all__ = ["PROTECTIONS", "Base", "Protection", "Report", "SandboxUnavailable", "available", "close_others", "enter"]

"""What was skipped, why, and the command after which it would run: the last lines of `course.py test`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

REMEDIES = {
    r"Chromium": "apt-get install chromium (Debian, Ubuntu), or install Chromium or Chrome",
    r"PostgreSQL is not installed": "apt-get install postgresql (Debian, Ubuntu)",
    r"no user postgres": "run the tests as another user than root",
    r"driver of PostgreSQL": "python3 course.py setup --repair",
    r"OpenAPI description": "put OpenAI's openapi.yaml where the reason says",
    r"tests/threadlab/clients/install\.py": "python3 tests/threadlab/clients/install.py",
    r"THREADS_CHARTS": "put the charts' values.schema.yaml where deploy/kubernetes/README.md says",
    r"xllamacpp is not installed|no model at hand": ".venv/bin/python -m pip install -c constraints.txt -e '.[local]', "
    "and set THREADLAB_TEST_GGUF to a model's file",
    r"xllamacpp is installed": ".venv/bin/python -m pip uninstall xllamacpp",
    r"counts from 3\.12": "run the tests with Python 3.12 or later",
    r"Node\.js|npm": "apt-get install nodejs npm (Debian, Ubuntu)",
    r"not made by course\.py": "python3 course.py setup",
    r"course is not installed": "python3 course.py setup",
    r"extra `site`": "python3 course.py site DIR",
    r"without a network": "connect to a network, and run the same command again",
    r"not a git repository": "git clone the course, and run the tests there",
    r"only be made by root|makes namespaces as root": "run the tests as root, on Linux",
    r"accounts cannot be made here": "run the tests as root, with useradd installed",
    r"root may write everywhere": "run the tests as another user than root",
    r"closed to others|another user cannot run": "use a Python that is not in somebody's home, such as /usr/bin/python3",
    r"installed package": "run the tests in a git clone",
    r"Landlock|sandbox|namespaces|seccomp": "run the tests on a Linux with Landlock and user namespaces",
    r"Linux 6\.1": "run the tests on Linux 6.1 or later",
    r"fork|POSIX|/proc|Windows|copied safely|stops a process|one processor|on Linux only|modes of files": "run the tests on Linux",
}
"""By what a reason contains. The first that fits is shown."""

NO_LOSS = (r"a Responses endpoint says it otherwise", r"this lesson has nothing with a function to complete")
"""Combinations that do not exist: nothing is lost, and nothing can bring them."""


def remedy(reason: str) -> str:
    """The command, or a sentence that says that there is none."""
    found = next((command for sign, command in REMEDIES.items() if re.search(sign, reason)), None)
    return found or "the reason says all that is known"


def summary(reasons: Iterable[str]) -> list[str]:
    """A line for each reason with its number of tests, and under it the command. Nothing when nothing was skipped."""
    counted = Counter(reason for reason in reasons if not any(re.search(sign, reason) for sign in NO_LOSS))
    lines = []
    for reason, count in counted.most_common():
        lines += [f"{count:>4}  {reason}", f"      → {remedy(reason)}"]
    return lines

"""The tests that openai-python generates for itself, against `serve --any-id`: a table by version and family.

    python benchmarks/sdk_suites.py [VERSION ...]

A version is one of the package index; without any, the pinned one, the newest, and one each of the last majors. Each gets an environment of
its own, and its tests come from its own source distribution. Both are kept in `THREADLAB_CACHE` (a folder of the user's cache unless it is
set), so a second run needs no network. Takes about a minute a version, and another one the first time. Ends in `failed=`.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.threadlab.clients.sdk import Unavailable, environment_of, is_old, newest, tests_of  # noqa: E402

BROKEN = "could not be read"
"""Where a file of tests is counted that did not even load."""
VERSIONS = ("1.40.0", "1.109.1", "2.54.0", "3.54.0", "newest")
TOOLS = ("pytest", "pytest-asyncio", "pytest-xdist", "respx", "inline-snapshot", "dirty-equals", "nest-asyncio", "rich", "trio")
"""What the tests need beside the SDK. Some of its versions have names of their own for parts of it; what they do not use is harmless."""

OLD_TOOLS = ("pytest<9", "pytest-asyncio<0.25", "pytest-xdist", "respx", "inline-snapshot", "dirty-equals", "nest-asyncio", "rich", "trio")
"""For SDKs before 1.100: their tests are for the event loops of an older pytest-asyncio, and their client is for httpx before 0.28."""

FAMILIES: dict[str, tuple[str, ...]] = {
    "assistants": ("beta/test_assistants.py",),
    "threads": ("beta/test_threads.py",),
    "messages": ("beta/threads/test_messages.py",),
    "runs": ("beta/threads/test_runs.py", "beta/threads/runs"),
    "conversations": ("test_conversations.py", "conversations"),
    "responses": ("test_responses.py", "responses"),
    "files": ("test_files.py",),
    "vector stores": ("test_vector_stores.py", "vector_stores", "beta/test_vector_stores.py", "beta/vector_stores"),
    "models": ("test_models.py",),
}
"""Where the generated tests of each family are, over all versions."""


@contextmanager
def serving(*options: str) -> Iterator[str]:
    """The address of a service in a process of its own."""
    with tempfile.TemporaryDirectory() as home:
        own = {**os.environ, "THREADLAB_HOME": home, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", "threadlab", "serve", "--port", "0", "--quiet", *options]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=own) as process:
            try:
                assert process.stdout is not None
                found = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
                assert found is not None
                yield found[0]
            finally:
                process.kill()


def family_of(classname: str) -> str:
    """The family of a test, by where it is: `tests.api_resources.beta.threads.test_runs.TestRuns`."""
    place = re.sub(r"\.Test\w+$", "", classname.removeprefix("tests.api_resources.")).replace(".", "/")
    for name, homes in FAMILIES.items():
        if any(place == home.removesuffix(".py") or place.startswith(home + "/") for home in homes):
            return name
    return BROKEN


def results(version: str, address: str) -> tuple[Counter[str], Counter[str], list[str]]:
    """Passed and failed tests by family, and the names of those that failed."""
    source = tests_of(version)
    python = environment_of(version, OLD_TOOLS if is_old(version) else TOOLS)
    homes = [home for names in FAMILIES.values() for home in names if (source / "tests/api_resources" / home).exists()]
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [str(python), "-m", "pytest", "-q", "-n", "2", "-p", "no:cacheprovider", "-W", "ignore", f"--junitxml={report}"]
        command += [f"--basetemp={folder}/tmp", "-o", "addopts=", *(f"tests/api_resources/{home}" for home in homes)]
        own = {**os.environ, "TEST_API_BASE_URL": address, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
        done = subprocess.run(command, cwd=source, env=own, capture_output=True, text=True, check=False)
        if not report.exists():
            raise Unavailable(f"the tests of openai {version} did not run: {done.stdout[-500:]}")
        passed, failed, names = Counter[str](), Counter[str](), list[str]()
        for case in ElementTree.parse(report).iter("testcase"):
            name = family_of(case.get("classname", ""))
            if case.find("failure") is not None or case.find("error") is not None:
                failed[name] += 1
                names.append(f"{case.get('classname')}::{case.get('name')}")
            elif case.find("skipped") is None:
                passed[name] += 1
    return passed, failed, names


def main(wanted: Sequence[str]) -> int:
    versions = dict.fromkeys(newest() if one == "newest" else one for one in wanted or VERSIONS)
    bad = 0
    table: dict[str, tuple[Counter[str], Counter[str]]] = {}
    with serving("--any-id", "--clock", "x500") as address:
        for version in versions:
            passed, failed, names = results(version, address)
            table[version] = passed, failed
            bad += sum(failed.values())
            for name in names:
                print(f"{version} failed: {name}", flush=True)
    print("| family | " + " | ".join(table) + " |")
    print("|---|" + "---|" * len(table))
    for family in [*FAMILIES, BROKEN, "all"]:
        cells = []
        for passed, failed in table.values():
            good = passed.total() if family == "all" else passed[family]
            every = good + (failed.total() if family == "all" else failed[family])
            cells.append(f"{good} of {every}" if every else "–")
        print(f"| {family} | " + " | ".join(cells) + " |")
    print(f"failed={bad}")
    return 1 if bad else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Unavailable as error:
        sys.exit(f"sdk_suites: {error}.")

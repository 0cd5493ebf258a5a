"""Memory in large pages: the same memory, in fewer pieces."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="large pages are asked for on Linux only")

PROGRAM = """
import re
from autograder.execution.warming import gather
content = bytes(range(256)) * 100_000
def large():
    return int(re.search(r"AnonHugePages: +([0-9]+) kB", open("/proc/self/smaps_rollup").read())[1])
before, count = large(), gather()
assert content == bytes(range(256)) * 100_000
print(count, before, large())
"""


def test_gathered_memory_has_the_same_content_and_lies_in_large_pages() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    count, before, after = map(int, done.stdout.split())
    if count == 0:
        pytest.skip("this kernel does not gather pages: MADV_COLLAPSE came with Linux 6.1")
    assert after > before
